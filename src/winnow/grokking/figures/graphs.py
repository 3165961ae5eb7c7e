"""Masks as graphs against the step (appendix J)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from winnow.grokking.figures import panels
from winnow.grokking.figures.bands import Band
from winnow.grokking.figures.families import DENSE, TICKET, plain
from winnow.grokking.figures.kept import Measure, bands_over_steps, masked_names
from winnow.grokking.figures.looks import looks
from winnow.grokking.masks import magnitude_mask
from winnow.grokking.measures import MEAN, graph_measures
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURES = {
    "ramanujan_gap": "Ramanujan gap (paper's bound)",
    "textbook_gap": "Ramanujan gap (textbook bound)",
    "weighted_gap": "Weighted spectral gap",
    "spectral_gap": "Spectral gap of the mask",
    "path_length": "Average path length",
    "clustering": "Clustering coefficient",
}


@theme.applied()
def graphs_figure(result: StudyResult) -> Figure | None:
    """Means over matrices for dense (its mask at each step) and ticket (its own), and each matrix for dense, thin."""
    branches = plain(result, (DENSE, TICKET))
    found = {name: bands_over_steps(result, name, _measure(result, name)) for name in branches}
    found = {name: bands for name, bands in found.items() if bands}
    if not found:
        return None
    figure = theme.new_figure(panels.WIDE, 4.4)
    grid = figure.subplots(2, 3).ravel()
    for axes, (measure, label) in zip(grid, _MEASURES.items(), strict=True):
        for name, bands in found.items():
            panels.draw_band(axes, bands[f"{MEAN}/{measure}"], looks(branches)[name], f"{name}, mean over matrices")
        for place, (matrix, band) in enumerate(_matrices(found.get(DENSE, {}), measure).items()):
            axes.plot(band.steps, band.median, color=_THIN[place % len(_THIN)], linewidth=0.7, label=f"dense, {matrix}")
        panels.step_axis(axes)
        axes.set_title(label, fontsize=8.5)
    figure.supxlabel("Step", fontsize=9)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


_THIN = (theme.VERMILLION, theme.GREEN, theme.PURPLE, theme.ORANGE, theme.SKY, theme.BLACK)


def _matrices(bands: Mapping[str, Band], measure: str) -> dict[str, Band]:
    parts = {name.rpartition("/"): band for name, band in bands.items()}
    return {matrix: band for (matrix, _, found), band in parts.items() if found == measure and matrix != MEAN}


def _measure(result: StudyResult, branch: str) -> Measure:
    def measured(weights: Mapping[str, Tensor], replicate: int) -> dict[str, float]:
        names = masked_names(result, replicate)
        if not names:
            return {}
        mask = result.mask(branch, replicate) or magnitude_mask(weights, names, result.recipe.rate)
        found = graph_measures(weights, mask)
        return {f"{matrix}/{name}": getattr(one, name) for matrix, one in found.items() for name in _MEASURES}

    return measured
