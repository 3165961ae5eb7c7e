"""Tickets by the step their mask is from, and by rate: test accuracy as a fan (figures 4a and 4b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from winnow.grokking.figures import panels
from winnow.grokking.figures.bands import band, last_values
from winnow.grokking.figures.families import DENSE, by_rate, by_step
from winnow.grokking.figures.looks import ladder, looks
from winnow.grokking.figures.panels import HIDDEN, Quality
from winnow.grokking.figures.times import median_or_none
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DENSE = looks([DENSE])[DENSE]
_NAN = float("nan")


@theme.applied()
def steps_figure(result: StudyResult) -> Figure | None:
    """Masks from different steps of the dense run; None with fewer than two."""
    branches = by_step(result)
    if len(branches) < 2:
        return None
    figure = theme.new_figure(panels.WIDE, 2.9)
    curves, ends = figure.subplots(1, 2)
    _fan(curves, result, {name: panels.short_steps(step) for step, name in branches.items()}, "mask from step")
    _ends(ends, result, branches)
    _dense_at_extraction(ends, result)
    panels.count_axis(ends.xaxis)
    ends.set_xlabel("Step of the dense network the mask is from")
    panels.legend_above(ends)
    return figure


@theme.applied()
def rates_fan_figure(result: StudyResult) -> Figure | None:
    """Tickets pruned to different rates k; None with fewer than two."""
    branches = by_rate(result)
    if len(branches) < 2:
        return None
    figure = theme.new_figure(panels.WIDE, 2.9)
    curves, ends = figure.subplots(1, 2)
    _fan(curves, result, {name: f"{k:g}" for k, name in branches.items()}, "pruning rate k")
    _ends(ends, result, branches)
    ends.set_xlabel("Pruning rate k (share of weights removed)")
    panels.legend_above(ends)
    return figure


def _fan(axes: Axes, result: StudyResult, names: Mapping[str, str], title: str) -> None:
    quality = Quality.of(result)
    dense = {DENSE: _DENSE} if DENSE in result.branches else {}
    styles = {**dense, **ladder(list(names))}
    panels.draw_curves(axes, result, styles, f"test_{quality.metric}", quality.scale, names=names)
    quality.axis(axes, result.chance)
    panels.step_axis(axes)
    axes.set_xlabel("Step")
    axes.set_ylabel(f"Test {quality.label}")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.01), title=title, ncols=5, fontsize=7, columnspacing=1)


def _ends(axes: Axes, result: StudyResult, branches: Mapping[float, str] | Mapping[int, str]) -> None:
    """Final values of every seed, and their median."""
    quality = Quality.of(result)
    colours = ladder(list(branches.values()))
    medians = []
    for place, name in branches.items():
        values = [quality.scale * v for v in last_values(result, name, f"test_{quality.metric}").values()]
        medians.append(median_or_none(values))
        axes.plot(
            [place] * len(values), values, "o", color=colours[name].colour, markersize=3.5, label=f"{HIDDEN}{name}"
        )
    line = [_NAN if median is None else median for median in medians]
    axes.plot(list(branches), line, color=theme.BLACK, linewidth=1, zorder=1.8, label="ticket's last step")
    quality.axis(axes, result.chance)
    axes.set_ylabel(f"Final test {quality.label}")


def _dense_at_extraction(axes: Axes, result: StudyResult) -> None:
    """The dense network's own accuracy when the mask is taken."""
    quality = Quality.of(result)
    found = band(result, DENSE, f"test_{quality.metric}")
    if found is not None:
        panels.draw_band(axes, found, _DENSE, "dense at that step", quality.scale)
