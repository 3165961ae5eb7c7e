"""What progressive pruning, reactivation and retraining do by themselves, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from winnow.reports import theme
from winnow.supernet.figures.dots import few_ticks, rows_axis
from winnow.supernet.figures.drawn import WIDE, Drawn

_COLUMNS = ("sparsity", "factor", "seeds", "difference_mean", "difference_low", "difference_high")


def effects(rows: Sequence[Mapping[str, Any]], metric: str = "test accuracy", name: str = "effects") -> Drawn | None:
    """A panel per sparsity, a row per factor; None without a row.

    Args:
        rows: of `Comparison.effects`; differences are fractions.
        metric: for the axis, which is in percentage points.
        name: of the files.
    """
    if not rows:
        return None
    kept = [{key: row[key] for key in _COLUMNS} for row in rows]
    factors = list(dict.fromkeys(row["factor"] for row in rows))
    caption = (
        "The mean difference that each part of the method makes, over all settings of the other two. Points are means "
        "over seeds, bars their 95% intervals (Student's t): one that meets the dashed line at 0 shows no difference."
    )
    alt = f"Differences that {', '.join(factors)} make, with intervals, beside a line at 0."
    return Drawn(name, "What each part does", _figure(kept, factors, metric), caption, alt, kept)


@theme.applied()
def _figure(rows: Sequence[Mapping[str, Any]], factors: list[str], metric: str) -> Any:
    sparsities = list(dict.fromkeys(row["sparsity"] for row in rows))
    figure = theme.new_figure(WIDE, 1.0 + 0.26 * len(factors))
    grid = figure.subplots(1, len(sparsities), squeeze=False, sharey=True)[0]
    for axes, sparsity in zip(grid, sparsities, strict=True):
        axes.axvline(0, color=theme.GREY, linestyle=(0, (4, 2)), linewidth=1, zorder=1)
        for row in (row for row in rows if row["sparsity"] == sparsity and row["difference_mean"] is not None):
            place = factors.index(row["factor"])
            axes.plot([100 * row["difference_mean"]], [place], "o", color=theme.BLUE, markersize=5)
            if row["difference_low"] is not None:
                ends = 100 * row["difference_low"], 100 * row["difference_high"]
                axes.hlines(place, *ends, color=theme.BLUE, linewidth=1.6)
        axes.set_title(f"sparsity {sparsity:g}", fontsize=9)
        rows_axis(axes, factors)
        few_ticks(axes)
    figure.supxlabel(f"Difference in {metric} (percentage points)", fontsize=9)
    return figure
