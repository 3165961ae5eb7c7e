"""How much of every matrix each mask keeps."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from winnow.grokking.figures import panels
from winnow.grokking.figures.looks import looks
from winnow.grokking.figures.panels import HIDDEN
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def density_rows(result: StudyResult) -> list[dict[str, Any]]:
    """A row per run with a mask and matrix: the percent of its weights that remain."""
    rows = []
    for run in result.records:
        mask = result.mask(run.branch, run.replicate)
        for matrix, density in (mask.densities() if mask is not None else {}).items():
            row = {"branch": run.branch, "replicate": run.replicate, "matrix": matrix, "kept_percent": 100 * density}
            rows.append(row)
    return rows


@theme.applied()
def densities_figure(result: StudyResult) -> Figure | None:
    """A panel per matrix, a bar per branch to the median over seeds, a point per seed; None without a mask."""
    rows = density_rows(result)
    if not rows:
        return None
    matrices = list(dict.fromkeys(row["matrix"] for row in rows))
    branches = list(dict.fromkeys(row["branch"] for row in rows))
    styles = looks(branches)
    columns = min(len(matrices), 4)
    lines = -(-len(matrices) // columns)
    figure = theme.new_figure(panels.WIDE, lines * (0.8 + 0.2 * len(branches)))
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True, sharex=True).ravel()
    for axes in grid[len(matrices) :]:
        axes.set_visible(False)
    for axes, matrix in zip(grid, matrices, strict=False):
        for place, name in enumerate(branches):
            kept = [row["kept_percent"] for row in rows if (row["branch"], row["matrix"]) == (name, matrix)]
            if kept:
                colour = styles[name].colour
                axes.barh([place], [statistics.median(kept)], color=colour, alpha=0.35, label=f"{HIDDEN}{name} median")
                axes.plot(kept, [place] * len(kept), ".", color=colour, markersize=4, label=f"{HIDDEN}{name}")
        axes.set_title(matrix, fontsize=9)
        axes.set_yticks(range(len(branches)), branches)
        axes.set_ylim(len(branches) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, 100)
    figure.supxlabel("Weights that remain (%)", fontsize=9)
    return figure
