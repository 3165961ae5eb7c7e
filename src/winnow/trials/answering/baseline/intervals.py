"""A known interval against a demanded one."""

from __future__ import annotations

from winnow.trials.composition import Comparison

_HAIR = 1e-9  # unit conversion leaves 1.5000000000000002


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
