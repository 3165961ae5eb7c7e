"""Trials with their criteria composed, once for all patients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from winnow.trials.composition import Composed, TierRules, compose
from winnow.trials.criteria import Criterion, split_criteria
from winnow.trials.registry import Trial


@dataclass(frozen=True)
class PreparedTrial:
    """A trial and what has to be asked for it, in the order of its text."""

    trial: Trial
    composed: tuple[Composed, ...]

    @property
    def questions(self) -> int:
        """How many questions its criteria ask, the same one twice counted twice."""
        return sum(len(one.questions) for one in self.composed)


Composer = Callable[[Criterion, tuple[str, ...]], Composed]


def prepare_trials(
    trials: Iterable[Trial], composer: Composer | None = None, tiers: TierRules | None = None
) -> list[PreparedTrial]:
    """Split and compose every trial.

    Args:
        trials: as read.
        composer: criterion and the trial's conditions to its questions; the grammar when None.
        tiers: how criteria are sorted into tiers; for the grammar.
    """
    rules = tiers or TierRules()
    composing = composer or (lambda criterion, conditions: compose(criterion, conditions, rules))
    return [
        PreparedTrial(trial, tuple(composing(criterion, trial.conditions) for criterion in split_criteria(trial)))
        for trial in trials
    ]
