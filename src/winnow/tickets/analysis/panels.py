"""Small panels, one per layer, and the names over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from winnow.reports import drawing, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS = 8
_OF_MANY = 6  # fills its grid, and the panels stay large
_ROW = 1.35  # inches


def shown_layers(rows: Sequence[Mapping[str, Any]], most: int = _PANELS) -> list[str]:
    """The layers of a table in its order: all of them, or, of more than `most`, some from the first to the last."""
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    return drawing.spread_out(layers, min(most, _OF_MANY) if len(layers) > most else most)


def panel_grid(layers: Sequence[str]) -> tuple[Figure, dict[str, Axes]]:
    """A figure with a titled panel per layer: three beside each other, more in two columns."""
    columns = len(layers) if len(layers) <= 3 else 2
    rows = -(-len(layers) // columns)
    figure = theme.new_figure(height=0.95 + _ROW * rows if rows > 1 else 0.75 * theme.HEIGHT)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(layers) :]:
        axes.set_visible(False)
    panels = dict(zip(layers, grid, strict=False))
    for layer, axes in panels.items():
        axes.set_title(short_name(layer), fontsize=8)
    return figure, panels


def short_name(layer: str, longest: int = 24) -> str:
    """A weight's name without ".weight", its middle left out where it is long."""
    name = layer.removesuffix(".weight")
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
