"""Norms of the weights that remain, against the step (figure 6 of the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from winnow.grokking.figures import families, panels
from winnow.grokking.figures.bands import curves_of
from winnow.grokking.figures.looks import looks
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LABELS = {"l1": "L1 norm of what remains", "l2": "L2 norm of what remains"}
_BRANCHES = (families.DENSE, families.TICKET, *families.NORMS, "reinit", "shuffled", "random-matched")


@theme.applied()
def norm_trajectories_figure(result: StudyResult) -> Figure | None:
    """L1 and L2 norm over all matrices together, of the dense network, the ticket and what is made to match them."""
    branches = families.plain(result, _BRANCHES)
    if not any(curves_of(result, name, metric) for name in branches for metric in _LABELS):
        return None
    styles = looks(branches)
    figure = theme.new_figure(panels.WIDE, 2.5)
    pair = figure.subplots(1, 2)
    for axes, (metric, label) in zip(pair, _LABELS.items(), strict=True):
        panels.draw_curves(axes, result, styles, metric)
        panels.step_axis(axes)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("Step")
        axes.set_ylabel(label)
    panels.legend_beside(pair[1])
    return figure
