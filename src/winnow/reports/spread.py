"""A value measured on several replicates: mean, minimum and maximum."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Mean, minimum and maximum over replicates; the paper's error bars are minimum and maximum.

    Attributes:
        values: one per replicate, in the order of the replicates.
    """

    mean: float
    minimum: float
    maximum: float
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of at least one value; one that is not a number makes all three not a number."""
        kept = tuple(values)
        if any(math.isnan(value) for value in kept):
            return cls(math.nan, math.nan, math.nan, kept)
        # fmean rounds once, so the same values in another order have the same mean and can be compared.
        return cls(statistics.fmean(kept), min(kept), max(kept), kept)

    def columns(self, name: str, scale: float = 1) -> dict[str, float | None]:
        """`name`_mean, `name`_min and `name`_max, times `scale`; what is not a number is None."""
        parts = {"mean": self.mean, "min": self.minimum, "max": self.maximum}
        return {f"{name}_{part}": None if math.isnan(v) else scale * v for part, v in parts.items()}
