"""Loss and metric while training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from winnow.reports import drawing, theme
from winnow.storage import Metric
from winnow.supernet.figures.drawn import WIDE, Drawn
from winnow.supernet.figures.words import metric_word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SPLITS = {
    "train": (theme.GREY, ":"),
    "validation": (theme.BLUE, "-"),
    "test": (theme.VERMILLION, ""),
}  # test: points, no way from one to the next
_LOSS = "loss"
Curve = tuple[list[int], list[float]]


def curves(metrics: Sequence[Metric], metric: str, name: str = "curves") -> Drawn | None:
    """The loss on the left, the metric on the right, a line per split; several replicates are drawn each.

    Args:
        metrics: rows of one run, whose "branch" is the phase; a value that is not a number is a gap.
        metric: beside "loss".
        name: of the files.

    Returns:
        None when there is neither a loss nor a metric.
    """
    found = {key: _curves(metrics, key) for key in (_LOSS, metric)}
    if not any(found.values()):
        return None
    kept = [row for row in metrics if row.metric in (_LOSS, metric)]
    rows = [
        {"phase": r.branch, "step": r.step, "split": r.split, "metric": r.metric, "value": _number(r.value)}
        for r in kept
    ]
    word = metric_word(metric)
    caption = (
        f"Loss and {word} while training. The ticket is measured: the moving average of the weights under the mask, "
        "BatchNorm's statistics taken anew. Vertical lines end a phase; test images are looked at once, at the end."
    )
    alt = f"Loss and {word} against the step for {', '.join(dict.fromkeys(row.split for row in kept))}."
    return Drawn(name, "Training", _figure(found, metric, _ends(metrics)), caption, alt, rows)


def _ends(metrics: Sequence[Metric]) -> list[int]:
    """The last step of each phase but the last."""
    last: dict[tuple[int, str], int] = {}
    for row in metrics:
        if row.split != "test":
            last[row.level, row.branch] = max(row.step, last.get((row.level, row.branch), 0))
    return sorted(last.values())[:-1]


def _curves(metrics: Sequence[Metric], metric: str) -> dict[tuple[str, int], Curve]:
    found: dict[tuple[str, int], Curve] = {}
    for row in sorted(metrics, key=lambda row: row.step):
        if row.metric == metric:
            steps, values = found.setdefault((row.split, row.replicate), ([], []))
            steps.append(row.step)
            values.append(row.value)
    return found


@theme.applied()
def _figure(found: Mapping[str, dict[tuple[str, int], Curve]], metric: str, ends: Sequence[int]) -> Any:
    figure = theme.new_figure(WIDE, 2.7)
    grid = figure.subplots(1, 2)
    for axes, key in zip(grid, (_LOSS, metric), strict=True):
        _panel(axes, found[key], 1 if key == _LOSS else 100)
        for step in ends:
            axes.axvline(step, color="#9A9A9A", linewidth=0.8, zorder=1)
        axes.set_xlabel("Step")
        axes.set_ylabel("Loss" if key == _LOSS else f"{metric_word(metric)} (%)")
        axes.set_xlim(left=0)
        drawing.counting_axis(axes.xaxis)
    handles = {label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    if handles:
        figure.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=len(handles))
    return figure


def _panel(axes: Axes, found: dict[tuple[str, int], Curve], scale: float) -> None:
    named: set[str] = set()
    for (split, _), (steps, values) in found.items():
        colour, line = _SPLITS.get(split, (theme.BLACK, "-."))
        label = None if split in named else split
        marker = "D" if not line else "o" if len(steps) < 20 else ""
        values = [scale * value for value in values]
        axes.plot(steps, values, color=colour, linestyle=line, marker=marker, markersize=3.5, label=label)
        named.add(split)
    if not found:
        axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", va="center", color=theme.GREY)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
