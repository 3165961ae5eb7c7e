"""Engine (a): rules, assertion and a small calibrated head; offline and the same every time."""

from winnow.trials.answering.baseline.engine import BaselineEngine as BaselineEngine
from winnow.trials.answering.baseline.head import Head as Head
