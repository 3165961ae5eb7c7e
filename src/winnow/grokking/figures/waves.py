"""Restricted and excluded loss of modular addition against the step (Nanda et al. 2023, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from winnow.grokking.branches.material import Problem
from winnow.grokking.figures import panels
from winnow.grokking.figures.families import DENSE, TICKET, plain
from winnow.grokking.figures.kept import Measure, bands_over_steps
from winnow.grokking.measures import circuit_losses, key_frequencies, logit_table
from winnow.grokking.studies.result import StudyResult
from winnow.grokking.studies.training import problem_of
from winnow.reports import theme
from winnow.reports.theme import SeriesStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOSSES = {
    "plain": ("loss, all pairs", SeriesStyle(theme.GREY, "o", "--")),
    "restricted": ("restricted loss, all pairs", SeriesStyle(theme.BLUE, "o")),
    "excluded": ("excluded loss, training pairs", SeriesStyle(theme.VERMILLION, "o", "-.")),
}


@theme.applied()
def waves_figure(result: StudyResult) -> Figure | None:
    """A panel for dense, one for ticket; None for another task than modular addition."""
    if result.recipe.task.partition("-")[0] != "add":
        return None
    problem = problem_of(result.recipe)
    found = {
        name: bands_over_steps(result, name, _measure(result, problem, name)) for name in plain(result, (DENSE, TICKET))
    }
    found = {name: bands for name, bands in found.items() if bands}
    if not found:
        return None
    figure = theme.new_figure(panels.WIDE, 2.7)
    grid = figure.subplots(1, len(found), squeeze=False, sharey=True)[0]
    for axes, (name, bands) in zip(grid, found.items(), strict=True):
        for loss, (label, style) in _LOSSES.items():
            panels.draw_band(axes, bands[loss], style, label)
        panels.step_axis(axes)
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("Step")
    panels.log_axis(grid[0].yaxis)
    grid[0].set_ylabel("Cross-entropy (nats)")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def _measure(result: StudyResult, problem: Problem, branch: str) -> Measure:
    """Losses by the key frequencies of the run's last step."""
    task, modulus = problem.task, problem.task.outputs
    keys: dict[int, tuple[int, ...]] = {}

    def logits(weights: Mapping[str, Tensor]) -> Tensor:
        return logit_table(problem.network.plain(weights, task.inputs), task.inputs, modulus)

    def measured(weights: Mapping[str, Tensor], replicate: int) -> dict[str, float]:
        table = logits(weights)
        if replicate not in keys:
            last = result.kept_steps(branch, replicate)[-1]
            keys[replicate] = key_frequencies(logits(result.weights(branch, replicate, last)))
        whole = circuit_losses(table, keys[replicate])
        trained = circuit_losses(table, keys[replicate], task.inputs[problem.split(replicate).train])
        values = (whole.plain, whole.restricted, trained.excluded)
        return dict(zip(_LOSSES, map(float, values), strict=True))

    return measured
