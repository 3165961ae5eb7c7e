"""The figures of an analysis, each from its table; layers in small panels, levels as lines from dark to light.

Networks of many layers show some of them, evenly spread from the first to the last; the tables have all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from winnow.reports import Spread, drawing, percent_remaining_axis, theme
from winnow.tickets.analysis.panels import panel_grid, short_name, shown_layers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, Any]]
Densities = Mapping[int, float]

_LINES = 4  # levels in one panel, the dense network beside them
_LAYERS = 4  # layers in one panel
_ROWS = 4  # rows of two panels


@theme.applied()
def weights_figure(histograms: Rows, densities: Densities, of: str) -> Figure:
    """Density curves of the survivors' start weights ("start"), against those of all weights, or of their movements
    ("moved"): a panel per layer (Frankle and Carbin 2019, figure 15).

    Args:
        histograms: rows of `histogram_rows`.
        densities: percent of weights remaining, by level.
        of: "start" or "moved".
    """
    rows = [row for row in histograms if row["of"] == of]
    figure, panels = panel_grid(shown_layers(rows))
    for layer, axes in panels.items():
        for level, style, label in _level_styles(densities):
            curve = [row for row in rows if row["layer"] == layer and row["level"] == level]
            centres = [(row["low"] + row["high"]) / 2 for row in curve]
            axes.plot(centres, [row["density"] for row in curve], label=label, **style)
        axes.set_ylim(bottom=0)
        axes.set_yticks([])
        axes.locator_params(axis="x", nbins=4)
    figure.supxlabel("Start weight" if of == "start" else "Trained minus start weight", fontsize=9)
    figure.supylabel("Density of weights", fontsize=9)
    drawing.legend_above(figure, next(iter(panels.values())), "Weights remaining")
    return figure


@theme.applied()
def units_figure(units: Rows, densities: Densities) -> Figure:
    """What remains of each unit's incoming and each input's outgoing connections, most connected first: a row of two
    panels per layer (figures 21 to 24).

    Args:
        units: rows of `unit_rows`.
        densities: percent of weights remaining, by level.
    """
    layers = shown_layers(units, _ROWS)
    lowest = min(row["percent"] for row in units if row["layer"] in layers)
    figure = theme.new_figure(height=0.9 + 1.25 * len(layers))
    grid = figure.subplots(len(layers), 2, squeeze=False, sharex=True, sharey=True)
    for layer, pair in zip(layers, grid, strict=True):
        for direction, axes in zip(("incoming", "outgoing"), pair, strict=True):
            own = [row for row in units if (row["layer"], row["direction"]) == (layer, direction)]
            _unit_curves(axes, own, densities)
            drawing.percent_axis_from(axes.yaxis, lowest)
            axes.set_title(f"{short_name(layer)}: {direction}", fontsize=8)
    figure.supxlabel("Units, the most connected first (%)", fontsize=9)
    figure.supylabel("Connections remaining (%)", fontsize=9)
    drawing.legend_above(figure, grid[0][0], "Weights remaining")
    return figure


@theme.applied()
def dead_figure(layers: Rows, densities: Densities) -> Figure:
    """Percent of units without an incoming connection (above) and of inputs without an outgoing one (below)."""
    shown = shown_layers(layers, _LAYERS)
    figure = theme.new_figure(height=1.6 * theme.HEIGHT)
    upper, lower = figure.subplots(2, 1, sharex=True)
    kinds = (
        (upper, "units_without_incoming", "units", "Units without input (%)"),
        (lower, "inputs_without_outgoing", "inputs", "Inputs nobody reads (%)"),
    )
    for axes, dead, among, label in kinds:
        for position, layer in enumerate(shown):
            own = [row for row in layers if row["layer"] == layer]
            spreads = _by_level(own, lambda row, dead=dead, among=among: 100 * row[dead] / row[among])
            _against_density(axes, spreads, densities, position, layer)
        axes.set_ylim(*_room(axes.get_ylim()))
        axes.set_ylabel(label)
        percent_remaining_axis(axes, densities.values())
    upper.set_xlabel("")
    drawing.legend_above(figure, upper)
    return figure


@theme.applied()
def overlap_figure(overlaps: Rows, densities: Densities) -> Figure:
    """Overlap of the replicates' masks, a line with min-max bars per layer, dashed what chance gives, and, below, how
    far the overlap is beyond it.
    """
    figure = theme.new_figure(height=1.6 * theme.HEIGHT)
    axes, beyond = figure.subplots(2, 1)
    for position, layer in enumerate(shown_layers(overlaps, _LAYERS)):
        own = [row for row in overlaps if row["layer"] == layer]
        _against_density(axes, _by_level(own, lambda row: row["overlap"]), densities, position, layer)
        chance = _by_level(own, lambda row: row["expected"])
        x = [densities[level] for level in chance]
        colour = theme.cycled(position).colour
        axes.plot(x, [spread.mean for spread in chance.values()], color=colour, linestyle="--", linewidth=1)
        gains = _by_level(own, lambda row: row["overlap"] - row["expected"])
        _against_density(beyond, gains, densities, position, layer)
    axes.plot([], [], color=theme.GREY, linestyle="--", linewidth=1, label="by chance")
    axes.set_ylim(0, 1.03)
    axes.set_ylabel("Overlap of two masks (Jaccard)")
    beyond.axhline(0, color=theme.GREY, linestyle="--", linewidth=1)
    low, high = beyond.get_ylim()
    beyond.set_ylim(min(low, -0.02), max(high, 0.02))
    beyond.set_ylabel("Overlap minus chance")
    for panel in (axes, beyond):
        percent_remaining_axis(panel, densities.values())
    axes.set_xlabel("")
    drawing.legend_above(figure, axes)
    return figure


@theme.applied()
def savings_figure(savings: Rows) -> Figure:
    """Test accuracy at early stop against compression ratio (left) and theoretical speed-up (right)."""
    figure = theme.new_figure(height=0.95 * theme.HEIGHT)
    pair = figure.subplots(1, 2, sharey=True)
    accuracy = _by_level(savings, lambda row: row["test_accuracy_percent"])
    style = theme.series_style("ticket")
    for axes, key, label in zip(
        pair, ("compression", "speed_up"), ("Compression ratio", "Theoretical speed-up"), strict=True
    ):
        ratios = _by_level(savings, lambda row, key=key: row[key])
        both = [level for level in ratios if level in accuracy]
        x = [ratios[level].mean for level in both]
        drawing.line_with_bars(axes, x, [accuracy[level] for level in both], 1, style, "ticket")
        if 0 in accuracy:
            drawing.reference_line(axes, accuracy[0], 1, "dense")
        drawing.ratio_axis(axes.xaxis, x)
        axes.set_xlabel(label)
    drawing.accuracy_axis(pair[0])
    pair[0].set_ylabel("Test accuracy at early stop (%)")
    drawing.legend_above(figure, pair[0])
    return figure


def _level_styles(densities: Densities) -> list[tuple[int, dict[str, Any], str]]:
    """Level 0 dashed and grey, and up to four pruned ones from dark to light."""
    pruned = drawing.spread_out([level for level in densities if level], _LINES)
    colours = theme.ordered_colours(len(pruned))
    dense = (0, {"color": theme.GREY, "linestyle": "--", "linewidth": 1.2}, "100% (dense)")
    lines = [
        (level, {"color": colour}, drawing.percent_label(densities[level]))
        for level, colour in zip(pruned, colours, strict=True)
    ]
    return [dense, *lines]


def _unit_curves(axes: Axes, rows: Rows, densities: Densities) -> None:
    """One curve per pruned level, the mean over replicates of the quantiles over units."""
    for level, style, label in _level_styles(densities):
        if level:
            curve = _means((100 - row["quantile"], row["percent"]) for row in rows if row["level"] == level)
            axes.plot(list(curve), list(curve.values()), label=label, **style)
    axes.set_xlim(0, 100)
    axes.locator_params(axis="x", nbins=4)


def _means(pairs: Any) -> dict[float, float]:
    found: dict[float, list[float]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: float(np.mean(values)) for key, values in sorted(found.items())}


def _by_level(rows: Rows, value: Callable[[Mapping[str, Any]], float | None]) -> dict[int, Spread]:
    """Spreads over the rows of each level; a level with a value that is not known is left out."""
    found: dict[int, list[float | None]] = {}
    for row in rows:
        found.setdefault(row["level"], []).append(value(row))
    known = {level: [v for v in values if v is not None] for level, values in found.items()}
    return {level: Spread.of(values) for level, values in known.items() if len(values) == len(found[level])}


def _against_density(
    axes: Axes, spreads: Mapping[int, Spread], densities: Densities, position: int, layer: str
) -> None:
    x = [densities[level] for level in spreads]
    drawing.line_with_bars(axes, x, list(spreads.values()), 1, theme.cycled(position), short_name(layer))


def _room(limits: tuple[float, float]) -> tuple[float, float]:
    """From just below 0, and at least to 5 percent."""
    top = max(limits[1], 5.0)
    return -0.03 * top, top if math.isfinite(top) else 5.0
