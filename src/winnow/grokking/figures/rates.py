"""What the pruning rate k does to delay, times and training, with and without weight decay (figure 3, app. H)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from winnow.grokking.figures import panels
from winnow.grokking.figures.bands import last_values
from winnow.grokking.figures.families import DENSE, by_rate
from winnow.grokking.figures.looks import ladder, looks
from winnow.grokking.figures.panels import HIDDEN, Quality
from winnow.grokking.figures.strips import Time
from winnow.grokking.figures.times import Times, median_or_none
from winnow.grokking.studies.result import RunRecord, StudyResult
from winnow.reports import theme
from winnow.reports.theme import SeriesStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GENERALISED, _MEMORISED = SeriesStyle(theme.BLUE, "o"), SeriesStyle(theme.VERMILLION, "s")


@theme.applied()
def rates_figure(result: StudyResult) -> Figure | None:
    """tau, t_gen and t_mem against k, and training accuracy by k; None with fewer than two rates."""
    branches = by_rate(result)
    if len(branches) < 2:
        return None
    figure = theme.new_figure(panels.WIDE, 4.7)
    (delay, times), (training, test) = figure.subplots(2, 2)
    _against_rate(delay, result, branches, "tau", lambda run: run.ratio, _delay_so_far, _GENERALISED)
    _against_rate(times, result, branches, "t_gen", lambda run: run.generalised, lambda run: run.steps, _GENERALISED)
    _against_rate(times, result, branches, "t_mem", lambda run: run.memorised, lambda run: run.steps, _MEMORISED)
    delay.set_ylabel("tau = t_gen / t_mem")
    times.set_ylabel("Steps")
    panels.log_axis(delay.yaxis)
    panels.log_steps_axis(times.yaxis)
    for axes in (delay, times):
        axes.set_xlabel("Pruning rate k (share of weights removed)")
        panels.legend_above(axes)
    _by_rate(training, result, branches, "train")
    _by_rate(test, result, branches, "test")
    panels.legend_beside(test, "k")
    return figure


@theme.applied()
def no_decay_figure(result: StudyResult) -> Figure | None:
    """Final accuracy against k without weight decay, the dense network at k = 0 (appendix H)."""
    branches = by_rate(result, weight_decay=0.0)
    dense = f"{DENSE},wd0"
    branches = {0.0: dense, **branches} if dense in result.branches else branches
    quality = Quality.of(result)
    points = {k: list(last_values(result, name, f"test_{quality.metric}").values()) for k, name in branches.items()}
    points = {k: [quality.scale * value for value in values] for k, values in points.items() if values}
    if len(points) < 2:
        return None
    figure = theme.new_figure()
    axes = figure.add_subplot()
    medians = [median_or_none(values) for values in points.values()]
    style = SeriesStyle(theme.GREEN, "o")
    axes.plot(list(points), [float("nan") if m is None else m for m in medians], color=style.colour, label="median")
    for k, values in points.items():
        axes.plot([k] * len(values), values, "o", color=style.colour, markersize=3.5, alpha=0.6, label=f"{HIDDEN}seeds")
    quality.axis(axes, result.chance)
    axes.set_xlabel("Pruning rate k, no weight decay")
    axes.set_ylabel(f"Final test {quality.label}")
    return figure


def _delay_so_far(run: RunRecord) -> float | None:
    """A lower bound of tau for a run that memorised and never generalised."""
    return run.steps / run.memorised if run.memorised else None


def _against_rate(
    axes: Axes,
    result: StudyResult,
    branches: Mapping[float, str],
    label: str,
    value: Time,
    so_far: Time,
    style: SeriesStyle,
) -> None:
    """Seeds as points, their median as a line; a hollow triangle where a run ended without, at what it had spent."""
    medians = [Times.of([value(run) for run in result.of(name)]).median for name in branches.values()]
    axes.plot(list(branches), [float("nan") if m is None else m for m in medians], color=style.colour, label=label)
    for k, name in branches.items():
        there = [found for run in result.of(name) if (found := value(run)) is not None]
        ended = [bound for run in result.of(name) if value(run) is None and (bound := so_far(run)) is not None]
        axes.plot(
            [k] * len(there), there, style.marker, color=style.colour, markersize=3.5, label=f"{HIDDEN}{label} seeds"
        )
        axes.plot(
            [k] * len(ended), ended, "^", color=style.colour, markerfacecolor="white", markersize=4.5,
            label=f"{HIDDEN}{label} never",
        )  # fmt: skip
    dense = Times.of([value(run) for run in result.of(DENSE)]).median
    if dense is not None:
        axes.axhline(dense, color=style.colour, linestyle=(0, (4, 2)), linewidth=0.9, label=f"{label}, dense")


def _by_rate(axes: Axes, result: StudyResult, branches: Mapping[float, str], split: str) -> None:
    """Curves from dark (least pruned) to light, the dense network dashed."""
    quality = Quality.of(result)
    dense = {DENSE: looks([DENSE])[DENSE]} if DENSE in result.branches else {}
    styles = {**dense, **ladder(list(branches.values()))}
    names = {name: f"{k:g}" for k, name in branches.items()}
    panels.draw_curves(axes, result, styles, f"{split}_{quality.metric}", quality.scale, names=names)
    quality.axis(axes, result.chance)
    first = 10.0 if split == "train" else None
    panels.step_axis(axes, first=first)
    axes.set_xlabel("Step")
    axes.set_ylabel(f"{'Training' if split == 'train' else 'Test'} {quality.label}")
