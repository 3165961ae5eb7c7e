"""Importances of all search units at the end, from the largest to the least, and the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from winnow.reports import drawing, theme
from winnow.supernet.figures import looks
from winnow.supernet.figures.drawn import WIDE, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_FLOOR = 1e-6  # of the axis: importances at 0 have no place on a logarithmic one


def importance(
    units: Mapping[int, Sequence[float]], threshold: float | None = None, name: str = "importance"
) -> Drawn | None:
    """Sorted |gamma| per kernel on the left, their histogram on the right.

    Args:
        units: kernel size to the importances of its units in all blocks, of either sign; NaN is left out and counted.
        threshold: at or below which a unit is dead; None where a budget decided.

    Returns:
        None without a unit.
    """
    given = {kernel: np.abs(np.asarray(values, dtype=np.float64)) for kernel, values in units.items()}
    there = {kernel: np.sort(values[np.isfinite(values)])[::-1] for kernel, values in given.items()}
    there = {kernel: values for kernel, values in sorted(there.items()) if len(values)}
    if not there:
        return None
    broken = sum(int((~np.isfinite(values)).sum()) for values in given.values())
    total = sum(map(len, there.values()))
    line = "" if threshold is None else " The dashed line is the threshold: units at or below it are dead."
    lost = f" {broken} are not numbers and left out." if broken else ""
    caption = f"|gamma| of the {total:,} units that are left, kernel by kernel, and how they are spread.{line}{lost}"
    alt = f"Sorted importances of {total:,} units in {len(there)} kernels, and their histogram."
    rows = [
        {"kernel": kernel, "rank": rank, "importance": float(value)}
        for kernel, values in there.items()
        for rank, value in enumerate(values, start=1)
    ]
    return Drawn(name, "Importances at the end", _figure(there, threshold), caption, alt, rows)


@theme.applied()
def _figure(units: Mapping[int, NDArray[np.float64]], threshold: float | None) -> Any:
    figure = theme.new_figure(WIDE, 2.8)
    ranks, spread = figure.subplots(1, 2, sharey=True)
    colours = looks.kernel_colours(tuple(units))
    highest = max(float(values[0]) for values in units.values())
    lowest = min(float(values[values > 0].min()) if (values > 0).any() else highest for values in units.values())
    floor = max(min(lowest, threshold or lowest), _FLOOR)
    # Before a search all importances lie together, and decades would show nothing of them.
    wide = highest > 10 * floor
    edges = np.geomspace(floor / 1.3, highest * 1.3, 31) if wide else np.linspace(0, 1.1 * highest or 1, 31)
    for kernel, values in units.items():
        shown = np.maximum(values, edges[0])
        ranks.plot(np.arange(1, len(values) + 1), shown, color=colours[kernel], label=f"{kernel}x{kernel}")
        counts, _ = np.histogram(shown, edges)
        spread.stairs(counts, edges, orientation="horizontal", color=colours[kernel], linewidth=1.4)
    for axes in (ranks, spread):
        _across(axes, threshold)
    ranks.set_yscale("log" if wide else "linear")
    ranks.set_ylim(edges[0], edges[-1])
    ranks.set_xlabel("Unit, by rank")
    ranks.set_ylabel("|gamma|")
    spread.set_xlabel("Units")
    for axes in (ranks, spread):
        axes.set_xlim(left=0)
        drawing.counting_axis(axes.xaxis)
    drawing.legend_above(figure, ranks, "Kernel")
    return figure


def _across(axes: Axes, threshold: float | None) -> None:
    if threshold:
        axes.axhline(threshold, color=theme.GREY, linestyle=(0, (4, 2)), linewidth=1)
