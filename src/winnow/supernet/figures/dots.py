"""Rows of arms, a point per seed and the interval of the mean: ablations and transfers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from winnow.reports import theme
from winnow.supernet.figures.drawn import WIDE, Drawn
from winnow.supernet.studies.estimates import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INTERVAL = "Large points are means over seeds, bars their 95% intervals (Student's t), small points seeds."
_ROW = 0.21  # inches
_COLUMNS = 3  # panels side by side


@dataclass(frozen=True)
class Outcome:
    """What one arm came to on one seed.

    Attributes:
        panel: which panel it stands in, such as the sparsity.
        arm: its row.
        seed: of the run.
        value: of the metric, a fraction; None or NaN where it is no number.
    """

    panel: str
    arm: str
    seed: int
    value: float | None


def dots(
    outcomes: Sequence[Outcome], name: str, title: str, caption: str, metric: str = "Test accuracy", reference: str = ""
) -> Drawn | None:
    """A panel per `Outcome.panel`, a row per arm; None without any outcome.

    Args:
        outcomes: in the order in which panels and arms shall stand.
        name: of the files.
        title: over the figure.
        caption: what the arms are; how to read the marks is added.
        metric: for the axis, which is in percent.
        reference: an arm across whose mean a dashed line is drawn in every panel that has it.
    """
    if not outcomes:
        return None
    panels = list(dict.fromkeys(one.panel for one in outcomes))
    arms = list(dict.fromkeys(one.arm for one in outcomes))
    values: dict[tuple[str, str], list[float]] = {}
    for one in outcomes:
        values.setdefault((one.panel, one.arm), []).append(math.nan if one.value is None else 100 * one.value)
    figure = _figure(values, panels, arms, metric, reference)
    alt = f"{metric} of {', '.join(arms)}; panels: {', '.join(panels)}. A point for each seed, and intervals."
    return Drawn(name, title, figure, f"{caption} {INTERVAL}", alt, dot_rows(outcomes))


def dot_rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """A row per outcome; a value that is not a number is None."""
    return [
        {
            "panel": one.panel, "arm": one.arm, "seed": one.seed,
            "value": one.value if one.value is not None and math.isfinite(one.value) else None,
        }
        for one in outcomes
    ]  # fmt: skip


@theme.applied()
def _figure(
    values: dict[tuple[str, str], list[float]], panels: list[str], arms: list[str], metric: str, reference: str
) -> Any:
    columns = min(len(panels), _COLUMNS)
    lines = -(-len(panels) // columns)
    figure = theme.new_figure(WIDE, 0.3 + lines * (0.55 + _ROW * len(arms)))
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes, panel in zip(grid, panels, strict=False):
        middle = Interval.of(values.get((panel, reference), ())).mean
        if math.isfinite(middle):
            axes.axvline(middle, color=theme.GREY, linestyle=(0, (4, 2)), linewidth=1, zorder=1)
        for place, arm in enumerate(arms):
            if (panel, arm) in values:
                draw_row(axes, place, values[panel, arm], theme.GREY if arm == reference else theme.BLUE)
        axes.set_title(panel, fontsize=9)
        rows_axis(axes, arms)
        few_ticks(axes)
    figure.supxlabel(f"{metric} (%)", fontsize=9)
    return figure


def draw_row(axes: Axes, place: int, values: Sequence[float], colour: str) -> None:
    """The seeds just below the mean, so that neither hides the other; a word where there is no number."""
    found = Interval.of(values)
    if not found.count:
        axes.text(0.02, place, "no number", transform=axes.get_yaxis_transform(), va="center", size=7, color=theme.GREY)
        return
    if found.low is not None and found.high is not None:
        axes.hlines(place - 0.1, found.low, found.high, color=colour, linewidth=1.6)
    axes.plot([found.mean], [place - 0.1], "o", color=colour, markersize=5, zorder=3)
    if found.count > 1:
        there = [value for value in values if math.isfinite(value)]
        axes.plot(there, [place + 0.24] * len(there), ".", color=colour, alpha=0.55, markersize=3.5)


def rows_axis(axes: Axes, arms: Sequence[str]) -> None:
    """A named row for every arm, the first on top."""
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.set_yticks(range(len(arms)), arms)
    axes.grid(visible=False, axis="y")


def few_ticks(axes: Axes) -> None:
    """At least half a percent point wide, so that noise does not fill the frame, and few ticks."""
    from matplotlib.ticker import MaxNLocator

    low, high = axes.get_xlim()
    missing = max(0.5 - (high - low), 0) / 2
    axes.set_xlim(low - missing, high + missing)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
