"""Weights and masks as pictures: the ticket beside masks found at initialisation (appendix I)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from winnow.grokking.figures import panels
from winnow.grokking.figures.families import AT_INIT, TICKET, plain
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme
from winnow.sparsity import Mask

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 3  # branches beside the ticket
_MATRICES = 4
# What a matrix is shown as when its partner is there: what it does to tokens, as in the paper.
_PRODUCTS = {"project_in": ("embed", "project_in", "W_inproj"), "project_out": ("project_out", "unembed", "W_outproj")}
_NAMES = {"embed": "W_E", "unembed": "W_U"}


@theme.applied()
def heat_maps_figure(result: StudyResult) -> Figure | None:
    """Final weights and mask of up to four matrices; None without a ticket that has a mask and kept weights."""
    branches = [name for name in plain(result, (TICKET, *AT_INIT)) if _last(result, name) is not None][: _MOST + 1]
    if TICKET not in branches:
        return None
    figure = theme.new_figure(panels.WIDE, 2.75 * len(branches))
    blocks = figure.subfigures(len(branches), 1, squeeze=False).ravel()
    for name, block in zip(branches, blocks, strict=True):
        found = _last(result, name)
        if found is None:
            continue
        weights, mask = found
        shown = list(mask)[:_MATRICES]
        grid = block.subplots(2, len(shown), squeeze=False)
        for place, matrix in enumerate(shown):
            title, values = _shown(weights, matrix)
            _picture(grid[0, place], values, signed=True)
            grid[0, place].set_title(title, fontsize=8.5)
            _picture(grid[1, place], mask[matrix].numpy().astype(np.float64), signed=False)
            grid[1, place].set_title(f"mask of {matrix}", fontsize=8.5)
        block.suptitle(name, fontsize=9.5, fontweight="bold")
    return figure


def _last(result: StudyResult, branch: str) -> tuple[dict[str, Tensor], Mask] | None:
    """Weights and mask of the first replicate that has both."""
    for run in result.of(branch):
        steps, mask = result.kept_steps(branch, run.replicate), result.mask(branch, run.replicate)
        if steps and mask is not None:
            return result.weights(branch, run.replicate, steps[-1]), mask
    return None


def _shown(weights: Mapping[str, Tensor], matrix: str) -> tuple[str, np.ndarray]:
    left, right, title = _PRODUCTS.get(matrix, ("", "", ""))
    if left in weights and right in weights:
        return title, (weights[left].double() @ weights[right].double()).numpy()
    return _NAMES.get(matrix, matrix), weights[matrix].double().numpy()


def _picture(axes: Axes, values: np.ndarray, *, signed: bool) -> None:
    """Wide matrices lie, so that all have about one shape; the first percentile from the top is full colour."""
    values = values if values.shape[1] >= values.shape[0] else values.T
    top = float(np.nanquantile(np.abs(values), 0.99)) or 1.0
    limits = (-top, top) if signed else (0.0, 1.0)
    look = "RdBu_r" if signed else "gray_r"
    axes.imshow(values, cmap=look, vmin=limits[0], vmax=limits[1], aspect="auto", interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.5)
