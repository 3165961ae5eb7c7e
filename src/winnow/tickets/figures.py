"""The figures of a ticket run, each a matplotlib `Figure` made from the summary, the metrics or a mask. No torch.

The first two are Frankle and Carbin (2019), figure 4; the learning curves are its figure 3. Bars and bands run from
minimum to maximum over the replicates, as in the paper, and are left out where there is one replicate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from winnow.core import WinnowError
from winnow.reports import drawing, percent_remaining_axis, short_percent, theme
from winnow.reports.spread import Spread
from winnow.storage import query
from winnow.tickets.summary import LevelSummary, layer_densities, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CURVES = 4  # more lines than this hide one another
_NAMED_LAYERS = 7  # more would fill the figure with its legend
_UNITS = 16
_OPENING = 0.2  # of training: the steep first rise, which would press the rest of the curves together

_CURVE = """
select step, avg(value) as mean, min(value) as low, max(value) as high, count(*) as replicates from metrics
where branch = ? and level = ? and split = ? and metric = 'accuracy' group by step order by step
"""


@theme.applied()
def early_stop_figure(summary: Sequence[LevelSummary]) -> Figure:
    """Early-stop step against percent of weights remaining, a series per branch."""
    figure = theme.new_figure(height=_height(summary))
    axes = figure.add_subplot()
    _against_density(axes, summary, lambda level: level.early_stop_step)
    drawing.counting_axis(axes.yaxis)
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    axes.set_ylabel("Early-stop step")
    drawing.legend_above(figure, axes)
    return figure


@theme.applied()
def accuracy_figure(summary: Sequence[LevelSummary]) -> Figure:
    """Test accuracy at early stop against percent of weights remaining, a series per branch."""
    figure = theme.new_figure(height=_height(summary))
    axes = figure.add_subplot()
    _against_density(axes, summary, lambda level: level.test_accuracy, scale=100)
    drawing.accuracy_axis(axes)
    axes.set_ylabel("Test accuracy at early stop (%)")
    drawing.legend_above(figure, axes)
    return figure


@theme.applied()
def end_accuracy_figure(summary: Sequence[LevelSummary]) -> Figure:
    """Test accuracy (above) and training accuracy (below) after the last step, against percent remaining."""
    figure = theme.new_figure(height=_height(summary, 2))
    upper, lower = figure.subplots(2, 1)
    _against_density(upper, summary, lambda level: level.final_test_accuracy, scale=100)
    _against_density(lower, summary, lambda level: level.final_train_accuracy, scale=100)
    for axes in (upper, lower):
        drawing.accuracy_axis(axes)
    upper.set_xlabel("")
    upper.set_ylabel("Final test accuracy (%)")
    lower.set_ylabel("Final training accuracy (%)")
    drawing.legend_above(figure, upper)
    return figure


@theme.applied()
def curves_figure(
    metrics_folder: Path | str,
    summary: Sequence[LevelSummary],
    split: str = "validation",
    levels: Iterable[int] | None = None,
) -> Figure:
    """Accuracy against step: the ticket at some levels, and reinit, dashed, at the sparsest of them that has it.

    Args:
        split: "validation" or "test".
        levels: which to draw; left out, up to four from the dense network to the sparsest.

    Raises:
        WinnowError: WN-R05 when the folder holds no metrics, WN-S03 when a part is damaged.
    """
    wanted = None if levels is None else set(levels)
    tickets = [t for t in series(summary, "ticket") if wanted is None or t.level in wanted]
    chosen = tickets if wanted is not None else drawing.spread_out(tickets, _CURVES)
    drawn = list(zip(chosen, theme.ordered_colours(len(chosen)), strict=True))
    reinits = {level.level for level in series(summary, "reinit")}
    figure = theme.new_figure()
    axes = figure.add_subplot()
    settled = [_draw_curve(axes, metrics_folder, ticket, split, colour) for ticket, colour in drawn]
    for ticket, colour in [pair for pair in drawn if pair[0].level in reinits][-1:]:
        settled.append(_draw_curve(axes, metrics_folder, ticket, split, colour, reinit=True))
    _frame(axes, [value for curve in settled for value in curve])
    drawing.counting_axis(axes.xaxis)
    axes.set_xlabel("Training step")
    axes.set_ylabel(f"{split.capitalize()} accuracy (%)")
    drawing.legend_above(figure, axes, "Weights remaining")
    return figure


@theme.applied()
def layer_density_figure(metrics_folder: Path | str) -> Figure:
    """Percent of each layer's weights that remain, against level, on a logarithmic axis.

    Raises:
        WinnowError: WN-R05 when the folder holds no metrics, WN-S03 when a part is damaged.
    """
    rows = layer_densities(metrics_folder)
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    named = drawing.spread_out(layers, _NAMED_LAYERS)
    figure = theme.new_figure()
    axes = figure.add_subplot()
    for layer, style in zip(layers, _layer_styles(len(layers)), strict=True):
        points = [(row["level"], row["density_percent"]) for row in rows if row["layer"] == layer]
        # A layer without weights has no place on a logarithmic axis.
        shown = [(level, percent if percent > 0 else math.nan) for level, percent in points]
        label = layer.removesuffix(".weight") if layer in named else None
        axes.plot(*zip(*shown, strict=True), label=label, **style)
    drawing.log_percent_axis(axes.yaxis)
    axes.set_ylim(min(axes.get_ylim()[0], 50), 120)
    drawing.counting_axis(axes.xaxis)
    axes.set_xlim(-0.3, max([1, *(row["level"] for row in rows)]) + 0.3)
    axes.set_xlabel("Level (rounds of pruning)")
    axes.set_ylabel("Layer's weights remaining (%)")
    drawing.legend_above(figure, axes)
    return figure


def _layer_styles(count: int) -> list[dict[str, Any]]:
    """Few layers are told apart by colour and marker; many are read as an order, from the first (dark) to the last."""
    if count > _NAMED_LAYERS:
        return [{"color": colour, "marker": "."} for colour in theme.ordered_colours(count)]
    # Layers with one pruning rate lie on each other: the earlier ones are wider, and show around the later.
    widths = [1.4 + 1.6 * (count - 1 - position) for position in range(count)]
    styles = [theme.cycled(position) for position in range(count)]
    return [
        {"color": style.colour, "marker": style.marker, "linewidth": width, "markersize": 3 + width}
        for style, width in zip(styles, widths, strict=True)
    ]


@theme.applied()
def first_layer_mask(mask: np.ndarray, image_shape: tuple[int, int, int]) -> Figure:
    """Where the first layer still looks: surviving weights per input pixel, and the masks of sixteen units.

    Args:
        mask: bool [units, inputs], True where the weight remains.
        image_shape: channels, height, width; inputs = channels x height x width. Channels are added up.

    Raises:
        WinnowError: WN-P02 when the mask's inputs are not the image's pixels.
    """
    if mask.ndim != 2 or mask.shape[1] != math.prod(image_shape):
        raise WinnowError(
            "WN-P02",
            f"a mask of shape {mask.shape} has no picture on images of {image_shape}",
            fix="Give a mask [units, channels x height x width], or leave the picture out.",
        )
    per_pixel = mask.reshape(len(mask), *image_shape).sum(axis=1)
    figure = theme.new_figure(height=0.8 * theme.HEIGHT)
    left, right = np.ravel(np.asarray(figure.subfigures(1, 2, width_ratios=(1.25, 1))))
    drawing.heat_map(left, per_pixel.sum(axis=0), "Weights that remain, per pixel")
    units = drawing.spread_out(range(len(mask)), _UNITS)
    drawing.small_multiples(right, per_pixel[units], f"{len(units)} of {len(mask)} units")
    return figure


def _height(summary: Sequence[LevelSummary], panels: int = 1) -> float:
    """Inches for so many panels, and more where many branches make a tall legend."""
    rows = len({level.branch for level in summary}) // 4
    return (0.4 + 0.6 * panels) * theme.HEIGHT + 0.16 * rows


def _against_density(
    axes: Axes, summary: Sequence[LevelSummary], value: Callable[[LevelSummary], Spread], scale: float = 1
) -> None:
    """One line with min-max bars per branch, and the dense network as a dashed line with its range."""
    for position, branch in enumerate(dict.fromkeys(level.branch for level in summary)):
        levels = series(summary, branch)
        spreads = [value(level) for level in levels]
        style = theme.series_style(branch, position)
        drawing.line_with_bars(axes, [x.density_percent for x in levels], spreads, scale, style, branch)
    dense = [level for level in series(summary, "ticket") if level.level == 0]
    for level in dense:
        drawing.reference_line(axes, value(level), scale, "dense")
    percent_remaining_axis(axes, [level.density_percent for level in summary])


def _draw_curve(
    axes: Axes, folder: Path | str, ticket: LevelSummary, split: str, colour: str, *, reinit: bool = False
) -> list[float]:
    """Draw one learning curve; returns its means (percent) once the opening of training is over."""
    rows = query(folder, _CURVE, ["reinit" if reinit else "ticket", ticket.level, split])
    steps = [row["step"] for row in rows]
    means = [100 * row["mean"] for row in rows]
    label = f"{short_percent(ticket.density_percent)}%{' reinit' if reinit else ''}"
    axes.plot(steps, means, color=colour, linestyle="--" if reinit else "-", label=label)
    if any(row["replicates"] > 1 for row in rows):
        low, high = ([100 * row[key] for row in rows] for key in ("low", "high"))
        axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
    opening = _OPENING * max(steps, default=0)
    return [mean for step, mean in zip(steps, means, strict=True) if step >= opening]


def _frame(axes: Axes, values: Sequence[float]) -> None:
    """Show what `values` span, a little more, and at least a point of accuracy."""
    if values:
        low, high = min(values), max(values)
        room = 0.08 * (high - low)
        axes.set_ylim(low - room, high + room)
    drawing.accuracy_axis(axes)
