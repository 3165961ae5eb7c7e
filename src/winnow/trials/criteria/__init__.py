"""Eligibility text split into criteria, no text lost."""

from winnow.trials.criteria.account import account as account
from winnow.trials.criteria.account import leftover as leftover
from winnow.trials.criteria.criterion import Criterion as Criterion
from winnow.trials.criteria.split import split_criteria as split_criteria
