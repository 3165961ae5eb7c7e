"""Accelerators side by side: steps, wall clock and total cost, a point for every seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from winnow.grokking.figures import families, panels
from winnow.grokking.figures.looks import looks
from winnow.grokking.figures.strips import Time, cost_axis, draw_strips, strips
from winnow.grokking.figures.times import cost, seconds_to_generalise
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COSTS: tuple[tuple[str, Time, Time, bool], ...] = (
    ("t_gen (steps)", lambda run: run.generalised, lambda run: run.steps, True),
    ("Seconds to t_gen", seconds_to_generalise, lambda run: run.seconds, False),
    ("Steps with the search", cost, lambda run: run.steps + run.search_steps, True),
)


def accelerators_figure(result: StudyResult) -> Figure | None:
    """Dense, ticket and every branch with an accelerator or a learning rate of its own; None without an accelerator."""
    if not families.accelerated(result):
        return None
    tuned = families.families(result).get("Other learning rate", [])
    names = [*families.plain(result, (families.DENSE, families.TICKET)), *tuned, *families.accelerated(result)]
    return _costs(result, names)


def costs_figure(result: StudyResult) -> Figure | None:
    """The same of every branch; None with a single one."""
    return _costs(result, result.branches) if len(result.branches) > 1 else None


@theme.applied()
def _costs(result: StudyResult, names: list[str]) -> Figure | None:
    styles = looks(names)
    figure = theme.new_figure(panels.WIDE, 0.9 + 0.24 * len(names))
    grid = figure.subplots(1, len(_COSTS))
    for place, (axes, (label, value, spent, whole)) in enumerate(zip(grid, _COSTS, strict=True)):
        rows = strips(result, styles, value, spent)
        draw_strips(axes, rows, label, named=place == 0)
        cost_axis(axes, rows, steps=whole)
    return figure
