"""Means over seeds with their 95 % intervals, and differences of arms seed by seed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_SHARE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval (Student's t).

    Attributes:
        count: values that it is over; those that are no number are left out.
        mean: NaN of no value.
        low, high: bounds; None with fewer than two values.
    """

    count: int
    mean: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> Interval:
        """The interval of any number of values."""
        kept = [float(value) for value in values if math.isfinite(value)]
        if not kept:
            return cls(0, math.nan)
        mean = statistics.fmean(kept)
        if len(kept) == 1:
            return cls(1, mean)
        from scipy.special import stdtrit

        half = float(stdtrit(len(kept) - 1, (1 + _SHARE) / 2)) * statistics.stdev(kept) / math.sqrt(len(kept))
        return cls(len(kept), mean, mean - half, mean + half)

    @property
    def holds_zero(self) -> bool | None:
        """Whether 0 lies in it; None without bounds."""
        return None if self.low is None or self.high is None else self.low <= 0 <= self.high

    def columns(self, name: str) -> dict[str, float | None]:
        """`name`_mean, `name`_low and `name`_high; None for what is not known."""
        mean = None if math.isnan(self.mean) else self.mean
        return {f"{name}_mean": mean, f"{name}_low": self.low, f"{name}_high": self.high}


@dataclass(frozen=True)
class Paired:
    """How one arm stands to another on the same seeds.

    Attributes:
        difference: of the values, the one minus the other.
        higher, equal, lower: seeds on which the one is above, level or below.
    """

    difference: Interval
    higher: int
    equal: int
    lower: int

    @classmethod
    def of(cls, one: Mapping[int, float], other: Mapping[int, float]) -> Paired:
        """Compare on the seeds that both have a number for.

        Args:
            one: seed to value.
            other: the same for what it is compared with.
        """
        pairs = [(value, other[seed]) for seed, value in one.items() if seed in other]
        steps = [a - b for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
        higher, lower = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
        return cls(Interval.of(steps), higher, len(steps) - higher - lower, lower)

    @property
    def sign_p(self) -> float:
        """Two-sided p of the exact sign test: the chance of so lopsided a count by luck, level seeds left out."""
        count, most = self.higher + self.lower, max(self.higher, self.lower)
        tail = sum(math.comb(count, wins) for wins in range(most, count + 1)) / 2**count
        return min(1.0, 2 * tail)

    def columns(self) -> dict[str, float | int | None]:
        """As a table holds it."""
        counts = {"seeds_higher": self.higher, "seeds_equal": self.equal, "seeds_lower": self.lower}
        return {**self.difference.columns("difference"), **counts, "sign_p": self.sign_p}
