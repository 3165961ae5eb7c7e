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
    axes.plot(x, means, color=style.colour, marker=style.marker, linestyle=style.line, label=label)
    if all(len(spread.values) < 2 for spread in spreads):
        return
    lows = np.array([scale * spread.minimum for spread in spreads])
    highs = np.array([scale * spread.maximum for spread in spreads])
    # Rounding can put a mean a hair outside its own range, which errorbar refuses.
    lengths = np.clip([means - lows, highs - means], 0, None)
    axes.errorbar(x, means, yerr=lengths, fmt="none", ecolor=style.colour, elinewidth=0.9, alpha=0.7)


def reference_line(
    axes: Axes, spread: Spread, scale: float, label: str | None, colour: str = series_style("dense").colour
) -> None:
    """A dashed line across at the mean, on a band from minimum to maximum; without a label it is not in the legend."""
    axes.axhline(scale * spread.mean, color=colour, linestyle=(0, (4, 2)), linewidth=1, label=label, zorder=1.5)
    if len(spread.values) > 1:
        low, high = scale * spread.minimum, scale * spread.maximum
        axes.axhspan(low, high, color=colour, alpha=0.12, linewidth=0, zorder=0.5)


def legend_columns(figure_width: float, labels: Sequence[str]) -> int:
    """How many columns of these labels, a label's longest line counted, fit a legend across a figure (inches)."""
    longest = max(len(line) for label in labels for line in label.splitlines())
    return max(1, min(len(labels), int(13.05 * figure_width) // (longest + 7)))


def legend_above(figure: Figure, axes: Axes, title: str | None = None) -> None:
    """The legend over the axes, where it covers no data, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = legend_columns(figure.get_figwidth(), labels)
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


def percent_axis_from(axis: Axis, lowest: float) -> None:
    """A logarithmic axis of percents from `lowest` to 100; below 1 percent it is linear, so that 0 has a place."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    if lowest < 1:
        axis.axes.set_yscale("symlog", linthresh=1, linscale=0.5)
        axis.axes.set_ylim(-0.15, 130)
    else:
        axis.axes.set_yscale("log")
        axis.axes.set_ylim(0.8 * lowest, 120)
    axis.set_major_locator(FixedLocator([0, 1, 3, 10, 30, 100] if lowest < 10 else [10, 20, 30, 50, 70, 100]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def ratio_axis(axis: Axis, values: Sequence[float]) -> None:
    """A logarithmic axis of ratios: 1, 2, 4, 8..., around the values, with a margin on both sides."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    highest = max([1.5, *values])
    powers = range(int(np.log2(highest)) + 1)
    every = -(-len(powers) // 7)  # no more ticks than a narrow panel can label
    ticks = [2**power for power in powers if power % every == 0] if highest >= 6 else [1, 1.5, 2, 3, 4, 5]
    margin = highest**0.06
    axis.axes.set_xscale("log")
    axis.axes.set_xlim(1 / margin, highest * margin)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def percent_label(percent: float) -> str:
    """A density in a legend: "51.3%"."""
    return f"{short_percent(percent)}%"


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
