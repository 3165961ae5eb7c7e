"""The axis of every sparsity study: percent of weights remaining, logarithmic, from 100 down to the right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from winnow.reports.words import short_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP = 0.105  # of the axis: a label such as "51.3" with its margin, in a figure of the theme's width
_MARGIN = 0.035  # of the axis, on both sides, so that the outer markers and bars are whole


def percent_remaining_axis(axes: Axes, percents: Iterable[float]) -> None:
    """Make x the percent of weights remaining, with ticks at the measured `percents` (each above 0).

    The scale is logarithmic and runs from dense on the left to sparse on the right, as in Frankle and Carbin (2019),
    figure 4. Ticks are thinned so that labels never overlap. A single value (only the dense network) gets a decade to
    stand in.
    """
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    values = sorted({value for value in percents if value > 0}, reverse=True) or [100.0]
    ticks = thinned(values)
    axes.set_xscale("log")
    axes.set_xlim(*_limits(values))
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([short_percent(tick) for tick in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("Weights remaining (%)")


def thinned(values: Sequence[float], gap: float = _GAP) -> list[float]:
    """The values, largest first, that stand at least `gap` of the log axis apart; the two ends always stay."""
    ordered = sorted(set(values), reverse=True)
    if len(ordered) < 2:
        return ordered
    first, last = ordered[0], ordered[-1]
    if _distance(first, last, first, last) == 0:
        return [first]
    kept = [first]
    for value in ordered[1:-1]:
        far_from_kept = _distance(kept[-1], value, first, last) >= gap
        if far_from_kept and _distance(value, last, first, last) >= gap:
            kept.append(value)
    return [*kept, last]


def _distance(left: float, right: float, first: float, last: float) -> float:
    """How far apart two values stand, as a fraction of the axis from `first` to `last`."""
    whole = _span(first, last)
    return math.log10(left / right) / whole


def _span(first: float, last: float) -> float:
    # A ladder narrower than a tenth of a decade would make neighbours look far apart.
    return max(math.log10(first / last), 0.1)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    first, last = values[0], values[-1]
    if first == last:
        return first * 1.1, first / 10
    pad = 10 ** (_MARGIN * _span(first, last))
    return first * pad, last / pad
