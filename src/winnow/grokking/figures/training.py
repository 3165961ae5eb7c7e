"""Accuracy and loss of every branch against the step (Minegishi et al. 2023, figures 1 and 2)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from winnow.grokking.figures import panels
from winnow.grokking.figures.bands import curves_of
from winnow.grokking.figures.families import DENSE, LADDERS, TICKET, families, plain
from winnow.grokking.figures.looks import MOST, Looks, ladder, looks
from winnow.grokking.figures.panels import Quality
from winnow.grokking.figures.times import Times
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SPLITS = {"train": "Training", "test": "Test"}


class _Row(NamedTuple):
    title: str
    styles: Looks


def accuracy_figure(result: StudyResult) -> Figure | None:
    """Training and test accuracy against the step; None for a task of values."""
    return _curves(result, "accuracy")


def accuracy_log_figure(result: StudyResult) -> Figure | None:
    """The same on a logarithmic axis of steps, which shows memorising."""
    return _curves(result, "accuracy", log=True)


def loss_figure(result: StudyResult) -> Figure | None:
    """Training and test loss, both axes logarithmic."""
    return _curves(result, "loss", log=True)


@theme.applied()
def _curves(result: StudyResult, metric: str, *, log: bool = False) -> Figure | None:
    if not any(curves_of(result, name, f"test_{metric}") for name in result.branches):
        return None
    rows = _rows(result)
    figure = theme.new_figure(panels.WIDE, panels.ROW * len(rows) + 0.3)
    grid = figure.subplots(len(rows), 2, squeeze=False, sharex=True, sharey=metric == "accuracy")
    for row, pair in zip(rows, grid, strict=True):
        for axes, split in zip(pair, _SPLITS, strict=True):
            _panel(axes, result, row, f"{split}_{metric}", log)
        pair[0].set_title(row.title, loc="left", fontsize=9)
        panels.legend_beside(pair[1])
    for axes in grid[-1]:
        axes.set_xlabel("Step")
    return figure


def _panel(axes: Axes, result: StudyResult, row: _Row, metric: str, log: bool) -> None:
    quality = Quality.of(result)
    split, _, kind = metric.partition("_")
    scale = 100 if kind == "accuracy" else 1
    panels.draw_curves(axes, result, row.styles, metric, scale)
    if kind == quality.metric:
        for name, style in row.styles.items():
            panels.mark_time(axes, _times(result, name, split), quality.threshold, style, f"{name} {_MARKS[split]}")
    if kind == "accuracy":
        panels.accuracy_axis(axes, result.chance)
    else:
        panels.log_axis(axes.yaxis)
    panels.step_axis(axes, first=_first(result) if log else None)
    axes.set_ylabel(f"{_SPLITS[split]} {'accuracy (%)' if kind == 'accuracy' else 'loss'}")


_MARKS = {"train": "t_mem", "test": "t_gen"}


def _times(result: StudyResult, branch: str, split: str) -> Times:
    runs = result.of(branch)
    return Times.of([run.memorised if split == "train" else run.generalised for run in runs])


def _first(result: StudyResult) -> float:
    """Where a logarithmic axis begins: the first recorded step above 0, or a t_mem before it."""
    steps = [step for curves in result.curves.values() for grid, _ in curves.values() for step in grid[:2] if step > 0]
    times = [run.memorised for run in result.records if run.memorised]
    return min([*steps, *times], default=1.0)


def _rows(result: StudyResult) -> list[_Row]:
    """One panel for all branches, or one for each family when they are many; dense and ticket stand in each."""
    both, others = plain(result, (DENSE, TICKET)), families(result)
    if sum(map(len, others.values())) <= MOST:
        return [_Row("", looks([*both, *(name for names in others.values() for name in names)]))]
    rows = []
    for title, names in others.items():
        if title in LADDERS:
            rows.append(_Row(title, {**looks(both), **ladder(names)}))
        else:
            rows += [_Row(title, looks([*both, *part])) for part in _parts(names)]
    return rows


def _parts(names: list[str]) -> list[list[str]]:
    """As few parts as hold at most `MOST` names each, of about equal length."""
    count = -(-len(names) // MOST)
    bounds = [len(names) * part // count for part in range(count + 1)]
    return [names[start:end] for start, end in pairwise(bounds)]
