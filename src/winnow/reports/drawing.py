"""Parts of figures that every study uses: lines with min-max bars, axes, legends, maps of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from winnow.reports.spread import Spread
from winnow.reports.theme import SeriesStyle, series_style
from winnow.reports.words import short_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure, SubFigure

_Item = TypeVar("_Item")


def spread_out(items: Sequence[_Item], count: int) -> list[_Item]:
    """At most `count` of the items, evenly spaced, with the first and the last."""
    if len(items) <= count:
        return list(items)
    return [items[position] for position in np.linspace(0, len(items) - 1, count).round().astype(int)]


def line_with_bars(
    axes: Axes, x: Sequence[float], spreads: Sequence[Spread], scale: float, style: SeriesStyle, label: str
) -> None:
    """Means joined by a line, with bars from minimum to maximum where there is more than one replicate."""
    means = np.array([scale * spread.mean for spread in spreads])
    axes.plot(x, means, color=style.colour, marker=style.marker, label=label)
    if all(len(spread.values) < 2 for spread in spreads):
        return
    lows = np.array([scale * spread.minimum for spread in spreads])
    highs = np.array([scale * spread.maximum for spread in spreads])
    # Rounding can put a mean a hair outside its own range, which errorbar refuses.
    lengths = np.clip([means - lows, highs - means], 0, None)
    axes.errorbar(x, means, yerr=lengths, fmt="none", ecolor=style.colour, elinewidth=0.9, alpha=0.7)


def reference_line(axes: Axes, spread: Spread, scale: float, label: str) -> None:
    """A dashed line across at the mean, on a band from minimum to maximum."""
    colour = series_style("dense").colour
    axes.axhline(scale * spread.mean, color=colour, linestyle=(0, (4, 2)), linewidth=1, label=label, zorder=1.5)
    if len(spread.values) > 1:
        low, high = scale * spread.minimum, scale * spread.maximum
        axes.axhspan(low, high, color=colour, alpha=0.12, linewidth=0, zorder=0.5)


def legend_above(figure: Figure, axes: Axes, title: str | None = None) -> None:
    """The legend over the axes, where it covers no data, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = max(1, min(len(labels), 60 // (max(map(len, labels)) + 7)))
        figure.legend(handles, labels, loc="outside upper center", ncols=columns, title=title)


def counting_axis(axis: Axis) -> None:
    """Whole numbers with a comma at the thousands."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def accuracy_axis(axes: Axes, closest: float = 1.0) -> None:
    """Let y, in percent, span at least `closest`, so that noise does not fill the frame, and end just above 100."""
    low, high = axes.get_ylim()
    missing = max(closest - (high - low), 0) / 2
    low, high = low - missing, high + missing
    top = min(high, 100 + 0.05 * (high - low))
    axes.set_ylim(min(low, top - closest), top)


def log_percent_axis(axis: Axis) -> None:
    """A logarithmic axis of percents: 100, 50, 20, 10, 5, 2, 1, 0.5..."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    # Through the axes: an Axis alone cannot change its scale by a public method.
    axis.axes.set_yscale("log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_percent(value)))


def heat_map(figure: Figure | SubFigure, values: np.ndarray, label: str) -> None:
    """Counts [height, width] as an image with its scale beside it."""
    axes = figure.add_subplot()
    image = axes.imshow(values, cmap="viridis", vmin=0, interpolation="nearest")
    _bare(axes)
    bar = figure.colorbar(image, ax=axes, shrink=0.85)
    bar.outline.set_visible(False)  # type: ignore[operator]
    axes.set_title(label, fontsize=9)


def small_multiples(figure: Figure | SubFigure, pictures: np.ndarray, label: str) -> None:
    """Small pictures [count, height, width] in a square grid, dark where the value is above 0."""
    side = int(np.ceil(np.sqrt(len(pictures))))
    grid = figure.subplots(side, side, squeeze=False).ravel()
    for axes in grid:
        _bare(axes)
        axes.set_visible(False)
    for axes, picture in zip(grid, pictures, strict=False):
        axes.set_visible(True)
        axes.imshow(picture > 0, cmap="gray_r", vmin=0, vmax=1.3, interpolation="nearest")
    figure.suptitle(label, fontsize=9)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.5)
