"""Parts of these figures: bands over seeds, axes of steps, accuracies and losses, legends beside a panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from winnow.grokking.figures.bands import Band, band, curves_of
from winnow.grokking.figures.looks import Looks
from winnow.grokking.figures.times import Times
from winnow.grokking.studies.result import StudyResult
from winnow.reports.theme import SeriesStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

WIDE, ROW = 7.4, 2.1  # inches: a figure across the page, and one row of its panels
_MOST_BANDS = 8  # in one panel; more hide one another, and the medians stay
HIDDEN = "_"  # matplotlib leaves labels that begin so out of a legend


def draw_band(
    axes: Axes, found: Band, style: SeriesStyle, label: str, scale: float = 1, *, filled: bool = True
) -> None:
    """The median as a line, on a shade from the lowest to the highest seed where there are several."""
    axes.plot(found.steps, scale * found.median, color=style.colour, linestyle=style.line, label=label)
    if found.seeds > 1 and filled:
        low, high = scale * found.low, scale * found.high
        axes.fill_between(found.steps, low, high, color=style.colour, alpha=0.16, linewidth=0)
        for side, edge in (("min", low), ("max", high)):
            axes.plot(found.steps, edge, color=style.colour, alpha=0.35, linewidth=0.4, label=f"{HIDDEN}{label} {side}")


def draw_curves(
    axes: Axes,
    result: StudyResult,
    styles: Looks,
    metric: str,
    scale: float = 1,
    names: Mapping[str, str] | None = None,
) -> None:
    """A band per branch that has the metric, under its own name or the one that `names` gives it."""
    found = {name: band(result, name, metric) for name in styles}
    there = {name: one for name, one in found.items() if one is not None}
    for name, one in there.items():
        label = (names or {}).get(name, name)
        draw_band(axes, one, styles[name], label, scale, filled=len(there) <= _MOST_BANDS)


def mark_time(axes: Axes, times: Times, level: float, style: SeriesStyle, label: str) -> None:
    """A point at the median time on the height of the threshold, a bar over the seeds; hollow when some never did."""
    if times.median is None or times.low is None:
        return
    whole = times.reached == times.runs
    face = style.colour if whole else "white"
    hidden = f"{HIDDEN}{label}"
    axes.plot(
        [times.median], [level], "o", color=style.colour, markerfacecolor=face, zorder=4, clip_on=False, label=hidden
    )
    if whole and times.high is not None and times.runs > 1:
        axes.hlines(level, times.low, times.high, color=style.colour, linewidth=1, zorder=3)


def step_axis(axes: Axes, first: float | None = None) -> None:
    """Steps on x as "500", "10k"; logarithmic from `first` when it is given."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    if first is None:
        axes.set_xlim(left=0)
        count_axis(axes.xaxis)
        return
    axes.set_xscale("log")
    axes.set_xlim(left=max(first, 1))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_steps(value)))


def count_axis(axis: Axis) -> None:
    """Few whole numbers, as "500" and "10k"."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_steps(value)))


def short_steps(value: float) -> str:
    """Steps for an axis: "500", "2.5k", "10k"."""
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


def accuracy_axis(axes: Axes, chance: float = 0.0) -> None:
    """Percent from 0 to 100 on y, with room for lines at both ends, and a dotted line at the accuracy of a guess."""
    axes.set_ylim(-3, 104)
    axes.set_yticks([0, 25, 50, 75, 100])
    if chance:
        axes.axhline(100 * chance, color="#999999", linestyle=":", linewidth=0.8, zorder=1)


def log_steps_axis(axis: Axis) -> None:
    """A logarithmic y of steps with labels such as "200", "1k", "20k"."""
    log_axis(axis)
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: short_steps(value)))


def log_axis(axis: Axis) -> None:
    """A logarithmic y with ticks at 1, 2 and 5 of a decade while the span is short, and at decades when it is long."""
    import numpy as np
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.axes.set_yscale("log")
    low, high = axis.axes.get_ylim()
    decades = np.log10(high / low) if low > 0 else 9.0
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades <= 3 else (1,), numticks=8))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def legend_beside(axes: Axes, title: str | None = None) -> None:
    """The legend to the right of the axes, where it covers no data and may be as tall as it needs."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = 1 if len(labels) <= 16 else 2
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.04), title=title, ncols=columns, borderaxespad=0)


def legend_above(axes: Axes, title: str | None = None, columns: int = 2) -> None:
    """The legend over one panel of several."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.01), title=title, ncols=columns, borderaxespad=0)


@dataclass(frozen=True)
class Quality:
    """What tells how well a task is done: accuracy, or the loss where targets are values.

    Attributes:
        metric: its name among the curves, after "train_" or "test_".
        scale: to the unit of the axis.
        label: of the axis, after "Training" or "Test".
        threshold: above (accuracy) or below (loss) which a run has memorised or generalised, in the axis' unit.
    """

    metric: str
    scale: float
    label: str
    threshold: float

    @classmethod
    def of(cls, result: StudyResult) -> Quality:
        """Accuracy, when any run has it."""
        recipe = result.recipe
        if any(curves_of(result, name, "test_accuracy") for name in result.branches):
            return cls("accuracy", 100, "accuracy (%)", 100 * recipe.threshold)
        return cls("loss", 1, "loss", recipe.loss_threshold)

    def axis(self, axes: Axes, chance: float = 0.0) -> None:
        """Set the y axis of a panel."""
        if self.metric == "accuracy":
            accuracy_axis(axes, chance)
        else:
            log_axis(axes.yaxis)
