"""A known interval against a demanded one."""

from __future__ import annotations

from dataclasses import dataclass

from winnow.trials.composition import Comparison
from winnow.trials.retrieval import Sentence

INFINITY = float("inf")
_HAIR = 1e-9  # unit conversion leaves 1.5000000000000002


@dataclass(frozen=True)
class Reading:
    """A measured value, known to lie between `low` and `high`, in the criterion's unit or as a multiple."""

    low: float
    high: float
    sentence: Sentence
    flags: tuple[str, ...] = ()


def written(reading: Reading) -> str:
    """What was read, for reading: "1.5", "1 to 2", "up to 2" or "50 or more"."""
    if reading.low == -INFINITY:
        return f"up to {reading.high:g}"
    if reading.high == INFINITY:
        return f"{reading.low:g} or more"
    return f"{reading.low:g}" if reading.low == reading.high else f"{reading.low:g} to {reading.high:g}"


def compare(low: float, high: float, comparison: Comparison) -> bool | None:
    """Whether every value from `low` to `high` meets the comparison's bounds; None when some do and some do not.

    The units must already agree.
    """
    ends = {_meets(low, comparison), _meets(high, comparison)}
    if len(ends) == 2:
        return None
    inside = ends.pop()
    # Both ends outside of a closed range may still lie on its two sides.
    upper = comparison.low if comparison.high is None else comparison.high
    if not inside and low < comparison.low - _HAIR and high > upper + _HAIR and comparison.operator in ("between", "="):
        return None
    return inside


def _meets(value: float, comparison: Comparison) -> bool:
    low = comparison.low
    if comparison.operator == "<":
        return value < low - _HAIR
    if comparison.operator == "<=":
        return value <= low + _HAIR
    if comparison.operator == ">":
        return value > low + _HAIR
    if comparison.operator == ">=":
        return value >= low - _HAIR
    upper = low if comparison.high is None else comparison.high
    return low - _HAIR <= value <= upper + _HAIR
