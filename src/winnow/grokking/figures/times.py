"""When runs memorise and generalise, over seeds, with those that never do counted as never."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from winnow.grokking.studies.result import RunRecord, StudyResult


@dataclass(frozen=True)
class Times:
    """A time over all runs of a branch; a run that never got there has no time, and none is made up for it.

    Attributes:
        runs: how many there are.
        reached: how many of them got there.
        median: over all runs, never being later than any time; None when half of them or more never got there.
        low: the soonest; None when none got there.
        high: the latest; None unless all got there.
    """

    runs: int
    reached: int
    median: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Times:
        """The times of the runs, None for never."""
        listed = list(values)
        there = [value for value in listed if value is not None]
        middle = statistics.median([math.inf if value is None else value for value in listed]) if listed else math.inf
        return cls(
            len(listed),
            len(there),
            middle if math.isfinite(middle) else None,
            min(there, default=None),
            max(there, default=None) if len(there) == len(listed) else None,
        )


def cost(run: RunRecord) -> int | None:
    """Updates until generalising with those that found the mask; None for a run that never generalised."""
    return None if run.generalised is None else run.generalised + run.search_steps


def seconds_to_generalise(run: RunRecord) -> float | None:
    """The share of the run's wall-clock seconds before t_gen, every update taken as equally long; None for never."""
    return None if run.generalised is None else run.seconds * run.generalised / max(run.steps, 1)


@dataclass(frozen=True)
class Race:
    """One branch against another on the same seeds.

    Attributes:
        seeds: replicates that have both.
        sooner: in how many of them the first generalised in fewer updates (a run that never did is later than any).
        factors: t_gen of the second over that of the first, where the first generalised; where the second never did,
            its length stands in for its time and the factor is a lower bound.
        bounds: how many of the factors are lower bounds.
    """

    seeds: int
    sooner: int
    factors: tuple[float, ...]
    bounds: int

    @property
    def median(self) -> float | None:
        """Of the factors; None when there is none."""
        return statistics.median(self.factors) if self.factors else None

    def at_least(self, factor: float) -> int:
        """In how many seeds the first was so many times sooner."""
        return sum(value >= factor for value in self.factors)


def race(result: StudyResult, first: str, second: str) -> Race:
    """How the branch `first` fared against `second`, seed by seed."""
    others = {run.replicate: run for run in result.of(second)}
    pairs = [(run, others[run.replicate]) for run in result.of(first) if run.replicate in others]
    there = [(run.generalised, other) for run, other in pairs if run.generalised is not None]
    factors = tuple((other.steps if other.generalised is None else other.generalised) / max(t, 1) for t, other in there)
    sooner = sum(other.generalised is None or t < other.generalised for t, other in there)
    return Race(len(pairs), sooner, factors, sum(other.generalised is None for _, other in there))


def median_or_none(values: Sequence[float]) -> float | None:
    """The median of the numbers; None when one is not a number or there is none."""
    return statistics.median(values) if values and not any(map(math.isnan, values)) else None
