"""Trials as their registry describes them: files of several layouts, and the live registry when allowed."""

from winnow.trials.registry.ages import read_age as read_age
from winnow.trials.registry.live import fetch_trials as fetch_trials
from winnow.trials.registry.read import read_trials as read_trials
from winnow.trials.registry.reading import Reading as Reading
from winnow.trials.registry.reading import Unread as Unread
from winnow.trials.registry.trial import Trial as Trial
