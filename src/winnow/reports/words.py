"""Numbers in sentences and on axes."""

from __future__ import annotations

import math

from winnow.reports.spread import Spread


def percent(fraction: float) -> str:
    """A fraction as percent with two decimals: 0.9731 is "97.31%"."""
    return f"{100 * fraction:.2f}%"


def short_percent(value: float) -> str:
    """A percent as short as an axis wants it, without the sign: "100", "51.3", "21.0", "0.51"."""
    if value >= 1:
        # 80 is exact and 20.97 is not, so that one reads "80" and the other "21.0".
        return f"{value:.0f}" if math.isclose(value, round(value), rel_tol=1e-9) else f"{value:.1f}"
    return f"{value:.2g}"


def replicates(*counts: int) -> str:
    """How a mean came about: "in one replicate", "on average over 3 replicates"."""
    distinct = list(dict.fromkeys(counts))
    if distinct == [1]:
        return "in one replicate"
    return f"on average over {' and '.join(map(str, distinct))} replicates"


def margin(left: Spread, right: Spread) -> str:
    """How `left` stands to `right`, both fractions: "0.31 percentage points behind; the ranges do not overlap".

    Ranges (minimum to maximum over replicates) are only named when both sides have more than one replicate.
    """
    points = f"{100 * abs(left.mean - right.mean):.2f}"
    if points == "0.00":
        text = "level with it to two decimals"
    else:
        text = f"{points} percentage points {'ahead' if left.mean > right.mean else 'behind'}"
    if min(len(left.values), len(right.values)) < 2:
        return text
    overlap = left.minimum <= right.maximum and right.minimum <= left.maximum
    return f"{text}; the ranges {'overlap' if overlap else 'do not overlap'}"
