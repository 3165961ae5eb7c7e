"""The numbers that a figure shows, read from the figure itself, for the CSV beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_CELLS = 1024  # of an image; a map of all weights is in the tensors' own files


def drawn_rows(figure: Figure) -> list[dict[str, Any]]:
    """A row for every point of every line, bar and small image: panel, series, x, y, and value for images.

    Series that a legend leaves out keep their names ("ticket min" is the lower edge of the ticket's band); lines that
    only mark a place on an axis are left out.
    """
    return [row for place, axes in enumerate(figure.axes) for row in _panel(axes, _title(axes, place))]


def _title(axes: Axes, place: int) -> str:
    parts = [part for part in (axes.get_title(), axes.get_ylabel() or axes.get_xlabel()) if part]
    return f"{place + 1}: {', '.join(parts)}" if parts else str(place + 1)


def _panel(axes: Axes, title: str) -> list[dict[str, Any]]:
    rows = []
    for line in axes.get_lines():
        if line.get_transform() == axes.transData:
            rows += [_row(title, line.get_label(), x, y) for x, y in np.asarray(line.get_xydata())]
    for bars in axes.containers:
        rows += [_row(title, bars.get_label(), x, y) for x, y in _ends(bars)]
    for image in axes.images:
        values = np.ma.filled(np.ma.asarray(image.get_array(), dtype=float), np.nan)
        if values.ndim == 2 and values.size <= _MOST_CELLS:
            cells = np.ndindex(values.shape)
            rows += [{**_row(title, image.get_label(), x, y), "value": _number(float(values[y, x]))} for y, x in cells]
    return rows


def _ends(bars: Any) -> list[tuple[float, float]]:
    """Where horizontal bars end, on the height of their middle."""
    patches = [patch for patch in bars if hasattr(patch, "get_width")]
    return [(patch.get_x() + patch.get_width(), patch.get_y() + patch.get_height() / 2) for patch in patches]


def _row(title: str, label: object, x: float, y: float) -> dict[str, Any]:
    return {"panel": title, "series": str(label).lstrip("_"), "x": _number(x), "y": _number(y)}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
