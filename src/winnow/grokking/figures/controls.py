"""Branches beside the dense network and its ticket: curves, and t_gen seed by seed (figures 5a, 5b and stricter)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from winnow.grokking.figures import families, panels
from winnow.grokking.figures.families import DENSE, TICKET, plain
from winnow.grokking.figures.looks import looks
from winnow.grokking.figures.panels import Quality
from winnow.grokking.figures.strips import cost_axis, draw_strips, strips
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def norms_figure(result: StudyResult) -> Figure | None:
    """Dense starts scaled to the ticket's L1 and L2 norm (figure 5a)."""
    return _compared(result, plain(result, families.NORMS))


def at_init_figure(result: StudyResult) -> Figure | None:
    """Masks found at initialisation (figure 5b)."""
    return _compared(result, plain(result, families.AT_INIT))


def stricter_figure(result: StudyResult) -> Figure | None:
    """Controls with the ticket's own density in every matrix, its mask on fresh weights, and iterative pruning."""
    return _compared(result, plain(result, families.STRICTER))


@theme.applied()
def _compared(result: StudyResult, others: list[str]) -> Figure | None:
    styles = looks([*plain(result, (DENSE, TICKET)), *others])
    quality = Quality.of(result)
    if not others:
        return None
    figure = theme.new_figure(panels.WIDE, 2.3 + 0.16 * max(len(styles) - 4, 0))
    curves, times = figure.subplots(1, 2, width_ratios=(1.25, 1))
    panels.draw_curves(curves, result, styles, f"test_{quality.metric}", quality.scale)
    quality.axis(curves, result.chance)
    panels.step_axis(curves)
    curves.set_xlabel("Step")
    curves.set_ylabel(f"Test {quality.label}")
    rows = strips(result, styles, lambda run: run.generalised, lambda run: run.steps)
    draw_strips(times, rows, "t_gen (steps)")
    cost_axis(times, rows)
    return figure
