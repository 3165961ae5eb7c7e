"""Edge-popup beside weight decay: test accuracy early on (Table 1)."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from winnow.grokking.figures import families, panels
from winnow.grokking.figures.bands import value_at
from winnow.grokking.figures.looks import looks
from winnow.grokking.figures.panels import HIDDEN, Quality
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = (600, 1000, 1400, 2000)
_BRANCHES = (families.DENSE, families.TICKET, *families.SUPERMASKS)
_ASIDE = 0.16  # of the distance between two steps, so that branches stand beside each other


def edge_popup_rows(result: StudyResult) -> list[dict[str, Any]]:
    """A row per branch and step of Table 1: mean, standard deviation (sample), lowest and highest over seeds.

    Empty without an edge-popup branch. Values are those recorded last before the step, in the unit of the axis.
    """
    if not families.plain(result, families.SUPERMASKS):
        return []
    quality = Quality.of(result)
    rows = []
    for name in families.plain(result, _BRANCHES):
        for step in STEPS:
            values = [quality.scale * v for v in value_at(result, name, f"test_{quality.metric}", step).values()]
            if values:
                rows.append({"branch": name, "step": step, "seeds": len(values), **_spread(values)})
    return rows


@theme.applied()
def edge_popup_figure(result: StudyResult) -> Figure | None:
    """The same as points: the mean, and every seed."""
    if not edge_popup_rows(result):
        return None
    quality = Quality.of(result)
    styles = looks(families.plain(result, _BRANCHES))
    figure = theme.new_figure(panels.WIDE * 0.8, 2.6)
    axes = figure.add_subplot()
    for place, (name, style) in enumerate(styles.items()):
        aside = _ASIDE * (place - (len(styles) - 1) / 2)
        means = {}
        for at, step in enumerate(STEPS):
            values = [quality.scale * v for v in value_at(result, name, f"test_{quality.metric}", step).values()]
            means[at + aside] = statistics.fmean(values) if values else float("nan")
            axes.plot([at + aside] * len(values), values, ".", color=style.colour, alpha=0.6, label=f"{HIDDEN}{name}")
        axes.plot(
            list(means), list(means.values()), marker=style.marker, linestyle=style.line, color=style.colour, label=name
        )
    axes.set_xticks(range(len(STEPS)), [f"{step:,}" for step in STEPS])
    quality.axis(axes, result.chance)
    axes.set_xlabel("Step")
    axes.set_ylabel(f"Test {quality.label}")
    panels.legend_beside(axes)
    return figure


def _spread(values: list[float]) -> dict[str, float | None]:
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "deviation": deviation, "min": min(values), "max": max(values)}
