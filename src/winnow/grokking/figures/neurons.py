"""Input weights of neurons and their spectra at the first, an early and the last kept step (figure 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from winnow.grokking.figures import panels
from winnow.grokking.figures.families import DENSE, TICKET, plain
from winnow.grokking.figures.kept import first_replicate
from winnow.grokking.measures import frequency_shares, neuron_rows
from winnow.grokking.studies.result import Floats, StudyResult
from winnow.reports import theme
from winnow.reports.drawing import spread_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS, MOST = 8, 48
COLOURS = {DENSE: theme.GREY, TICKET: theme.BLUE}


def weights_figure(result: StudyResult) -> Figure | None:
    """A grid of neurons: what each takes from every token."""
    return _grids(result, lambda rows: rows, signed=True)


def spectra_figure(result: StudyResult) -> Figure | None:
    """A grid of neurons: share of every frequency in what each takes from the tokens."""
    return _grids(result, lambda rows: frequency_shares(rows).nan_to_num(0.0), signed=False)


def input_weights(result: StudyResult, branch: str, replicate: int, step: int) -> Tensor | None:
    """W_inproj, float64 [neurons, tokens]; None for a network without an embedding."""
    weights = result.weights(branch, replicate, step)
    return neuron_rows(weights) if "embed" in weights and len(weights["embed"]) >= 6 else None


def chosen_steps(steps: list[int]) -> list[int]:
    """The first, the second and the last; two when there are only two."""
    return list(dict.fromkeys([steps[0], steps[1], steps[-1]]))


@theme.applied()
def _grids(result: StudyResult, shown: Callable[[Tensor], Tensor], *, signed: bool) -> Figure | None:
    found = {name: _rows(result, name) for name in plain(result, (DENSE, TICKET))}
    found = {name: rows for name, rows in found.items() if rows}
    if not found:
        return None
    width = max(map(len, found.values()))
    figure = theme.new_figure(panels.WIDE, 2.3 * len(found))
    grid = figure.subplots(len(found), width, squeeze=False)
    for (name, rows), line in zip(found.items(), grid, strict=True):
        for axes in line[len(rows) :]:
            axes.set_visible(False)
        for axes, (step, values) in zip(line, rows.items(), strict=False):
            cells(axes, shown(values).numpy(), COLOURS[name], signed=signed)
            axes.set_title(f"{name}, step {panels.short_steps(step)}", fontsize=9)
    return figure


def _rows(result: StudyResult, branch: str) -> dict[int, Tensor]:
    replicate = first_replicate(result, branch)
    if replicate is None:
        return {}
    steps = chosen_steps(result.kept_steps(branch, replicate))
    found = {step: input_weights(result, branch, replicate, step) for step in steps}
    return {step: rows for step, rows in found.items() if rows is not None}


def cells(axes: Axes, values: Floats, colour: str, *, signed: bool) -> None:
    """One small line per row of values [neurons, n] in a grid, all on one scale; at most 48, evenly spread."""
    from matplotlib.collections import LineCollection

    chosen = np.stack([values[place] for place in spread_out(range(len(values)), MOST)])
    lines = cell_lines(chosen, signed=signed)
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.6))
    axes.set_xlim(-0.05, COLUMNS + 0.05)
    axes.set_ylim(-lines_of(len(chosen)) - 0.05, 0.05)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def lines_of(count: int) -> int:
    """How many lines of cells so many neurons fill."""
    return -(-count // COLUMNS)


def cell_lines(values: Floats, *, signed: bool) -> list[Floats]:
    """Points [n, 2] of each row's line inside its cell: x from the left, y up, in units of a cell."""
    top = float(np.nanmax(np.abs(values))) or 1.0
    across = np.linspace(0.06, 0.94, values.shape[1])
    lines = []
    for place, row in enumerate(values):
        up = 0.5 + 0.44 * row / top if signed else 0.06 + 0.88 * row / top
        lines.append(np.stack([place % COLUMNS + across, up - place // COLUMNS - 1], axis=1))
    return lines
