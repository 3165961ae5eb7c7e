"""A patient and a trial brought together: chart, questions, answers, verdict."""

from winnow.trials.matching.difference import Difference as Difference
from winnow.trials.matching.difference import difference as difference
from winnow.trials.matching.outcome import Effort as Effort
from winnow.trials.matching.outcome import PatientMatch as PatientMatch
from winnow.trials.matching.prepared import PreparedTrial as PreparedTrial
from winnow.trials.matching.prepared import prepare_trials as prepare_trials
from winnow.trials.matching.run import Matcher as Matcher
from winnow.trials.matching.settings import MatchSettings as MatchSettings
