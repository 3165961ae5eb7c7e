"""How good networks are against what they cost: MACs, and weights that remain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from winnow.reports import drawing, theme
from winnow.reports.theme import SeriesStyle
from winnow.supernet.figures import looks
from winnow.supernet.figures.drawn import WIDE, Drawn
from winnow.supernet.studies.estimates import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHORT = 6.0  # factor between least and most up to which an axis stays linear


@dataclass(frozen=True)
class NetworkPoint:
    """One trained network.

    Attributes:
        pipeline: how it came about, such as "two-in-one".
        group: what its seeds share, such as "p = 0.5"; networks of a pipeline and a group are one point.
        seed: of the run.
        macs: multiply-accumulates for one image, with zeros skipped layer by layer.
        weights: that remain.
        value: of the metric on test, a fraction; None or NaN where it is no number.
    """

    pipeline: str
    group: str
    seed: int
    macs: float
    weights: float
    value: float | None


def tradeoff(
    points: Sequence[NetworkPoint],
    metric: str = "accuracy",
    name: str = "tradeoff",
    title: str = "What it costs",
) -> Drawn | None:
    """Two panels, against MACs and against weights; None when no network has a number."""
    rows = tradeoff_rows(points)
    if not any(row["value"] is not None for row in rows):
        return None
    pipelines = list(dict.fromkeys(point.pipeline for point in points))
    caption = (
        f"Test {metric} against the MACs of one image (zeros skipped, layer by layer) and against the weights that "
        "remain. Small points are seeds, large ones means over them, bars 95% intervals of the mean (Student's t); "
        "lines join what one pipeline came to at different sparsities."
    )
    alt = f"Test {metric} of {', '.join(pipelines)} against MACs and against weights."
    return Drawn(name, title, _figure(points, pipelines, metric), caption, alt, rows)


def tradeoff_rows(points: Sequence[NetworkPoint]) -> list[dict[str, Any]]:
    """A row per network; a value that is not a number is None."""
    return [
        {
            "pipeline": point.pipeline, "group": point.group, "seed": point.seed, "macs": point.macs,
            "weights": point.weights, "value": point.value if _is_number(point) else None,
        }
        for point in points
    ]  # fmt: skip


@theme.applied()
def _figure(points: Sequence[NetworkPoint], pipelines: list[str], metric: str) -> Any:
    figure = theme.new_figure(WIDE, 3.1 + 0.16 * (len(pipelines) // 5))
    left, right = figure.subplots(1, 2, sharey=True)
    styles = looks.series_styles(pipelines)
    for axes, cost, unit, label in (
        (left, "macs", 1e6, "MACs of one image (millions)"),
        (right, "weights", 1e3, "Weights that remain (thousands)"),
    ):
        for pipeline in pipelines:
            _series(axes, [p for p in points if p.pipeline == pipeline], cost, unit, styles[pipeline])
        _cost_axis(axes, [getattr(point, cost) / unit for point in points])
        axes.set_xlabel(label)
    drawing.accuracy_axis(left)
    left.set_ylabel(f"Test {metric} (%)")
    drawing.legend_above(figure, left)
    return figure


def _series(axes: Axes, points: Sequence[NetworkPoint], cost: str, unit: float, style: SeriesStyle) -> None:
    """One pipeline: a mean per group, joined in the order of their cost."""
    means = []
    for group in dict.fromkeys(point.group for point in points):
        members = [point for point in points if point.group == group and _is_number(point)]
        if not members:
            continue
        xs, ys = [getattr(point, cost) / unit for point in members], [100 * (point.value or 0) for point in members]
        x, found = Interval.of(xs).mean, Interval.of(ys)
        means.append((x, found.mean))
        if found.low is not None and found.high is not None:
            axes.vlines(x, found.low, found.high, color=style.colour, linewidth=1.1, alpha=0.8)
            axes.plot(xs, ys, ".", color=style.colour, markersize=3, alpha=0.55)
    if means:
        looks_so: dict[str, Any] = {"color": style.colour, "marker": style.marker, "linestyle": style.line}
        axes.plot(*zip(*sorted(means), strict=True), label=points[0].pipeline, **looks_so)


def _is_number(point: NetworkPoint) -> bool:
    return point.value is not None and math.isfinite(point.value)


def _cost_axis(axes: Axes, values: Sequence[float]) -> None:
    """From 0, or logarithmic where costs lie far apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    there = [value for value in values if value > 0]
    low, high = min(there, default=1.0), max(there, default=1.0)
    if high / low > _SHORT:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.3, high * 1.3)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, 1.08 * high)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
