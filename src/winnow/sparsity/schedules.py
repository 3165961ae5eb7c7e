"""Schedules: the density that a layer has after a number of pruning levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from winnow.core import chosen

# (rate per level, level, last level) -> density. All schedules agree at level 0 and at the last level.
Schedule = Callable[[float, int, int], float]


def geometric(rate: float, level: int, levels: int) -> float:  # noqa: ARG001  (one signature for all)
    """The paper's: a fraction `rate` of what remains goes at every level (section 1)."""
    return (1 - rate) ** level


def linear(rate: float, level: int, levels: int) -> float:
    """The same number of weights at every level."""
    final = geometric(rate, levels, levels)
    return 1 - (1 - final) * level / max(levels, 1)


def cubic(rate: float, level: int, levels: int) -> float:
    """Fast first, slow at the end (Zhu & Gupta 2017, equation 1)."""
    final = geometric(rate, levels, levels)
    return final + (1 - final) * (1 - level / max(levels, 1)) ** 3


def listed(densities: Sequence[float]) -> Schedule:
    """The densities themselves, one a level; a rate of 0 still means that a layer is never pruned."""

    def schedule(rate: float, level: int, levels: int) -> float:  # noqa: ARG001  (one signature for all)
        return densities[level - 1] if rate and level else 1.0

    return schedule


SCHEDULES: dict[str, Schedule] = {"geometric": geometric, "linear": linear, "cubic": cubic}


def schedule_named(name: str) -> Schedule:
    """The schedule of that name.

    Raises:
        WinnowError: WN-R02 when there is none.
    """
    return chosen(SCHEDULES, name, "pruning schedule", "WN-R02")
