"""A row for every branch, a point for every seed: times and costs with those that never came marked as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from winnow.grokking.figures.looks import Looks
from winnow.grokking.figures.panels import HIDDEN, short_steps
from winnow.grokking.figures.times import Times
from winnow.grokking.studies.result import RunRecord, StudyResult
from winnow.reports.theme import SeriesStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Time = Callable[[RunRecord], float | None]

_LINEAR, _SHORT = 10, 200  # factors between the least and the most
_SHIFT = 0.26  # of a row, between the outermost seeds


@dataclass(frozen=True)
class Strip:
    """One row.

    Attributes:
        label: of the row.
        values: one per seed; None where the run never got there.
        trained: what a run had spent when it ended without getting there, one per seed.
        style: of its points.
    """

    label: str
    values: Sequence[float | None]
    trained: Sequence[float]
    style: SeriesStyle


def strips(result: StudyResult, styles: Looks, value: Time, trained: Time) -> list[Strip]:
    """A row per branch from its records; `trained` is what a run had spent at its end."""
    return [
        Strip(name, [value(run) for run in result.of(name)], [trained(run) or 0 for run in result.of(name)], style)
        for name, style in styles.items()
    ]


def draw_strips(axes: Axes, rows: Sequence[Strip], label: str, *, named: bool = True) -> None:
    """Points for the seeds, a stroke at the median of all; hollow triangles are runs that ended without."""
    for place, row in enumerate(rows):
        _median(axes, place, row)
        _points(axes, place, row)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [_named(row) if named else "" for row in rows])
    axes.set_xlabel(label)
    axes.grid(visible=False, axis="y")


def _median(axes: Axes, place: int, row: Strip) -> None:
    """No filled bar: on a logarithmic axis its length would say nothing."""
    times = Times.of(row.values)
    colour, label = row.style.colour, f"{HIDDEN}{row.label} median"
    if times.median is not None:
        axes.plot([times.median], [place], "|", color=colour, markersize=15, markeredgewidth=2.2, label=label)
    if times.low is not None and times.high is not None:
        axes.hlines(place, times.low, times.high, color=colour, linewidth=5, alpha=0.3)


def _points(axes: Axes, place: int, row: Strip) -> None:
    count = len(row.values)
    heights = [place + _SHIFT * (2 * seed / max(count - 1, 1) - 1) * (count > 1) for seed in range(count)]
    there = [(value, y) for value, y in zip(row.values, heights, strict=True) if value is not None]
    ended = [(x, y) for value, x, y in zip(row.values, row.trained, heights, strict=True) if value is None]
    for points, marker, face, word in ((there, "o", row.style.colour, ""), (ended, ">", "white", " never")):
        if points:
            axes.plot(
                *zip(*points, strict=True), marker, color=row.style.colour, markerfacecolor=face, markersize=3.5,
                label=f"{HIDDEN}{row.label}{word}", clip_on=False,
            )  # fmt: skip


def _named(row: Strip) -> str:
    times = Times.of(row.values)
    return row.label if times.reached == times.runs else f"{row.label}  {times.reached}/{times.runs}"


def cost_axis(axes: Axes, rows: Sequence[Strip], *, steps: bool = True) -> None:
    """From 0, or logarithmic where the rows span more than a factor of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    pairs = (pair for row in rows for pair in zip(row.values, row.trained, strict=True))
    shown = [place for value, spent in pairs if (place := spent if value is None else value) > 0]
    low, high = min(shown, default=1.0), max(shown, default=1.0)
    if high / low > _LINEAR:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.6, high * 1.5)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if high / low < _SHORT else (1,)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, 1.08 * high)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short_steps(x) if steps else f"{x:g}"))
