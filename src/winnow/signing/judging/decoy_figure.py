"""The decoys' histogram beside the owner's key."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from winnow.reports import theme
from winnow.signing.code.statistic import log2_binomial_tail
from winnow.signing.judging.verdict import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@theme.applied()
def decoy_figure(verdict: Verdict) -> Figure | None:
    """Match counts of the decoys as bars, Bin(n, 1/2) as a line, the count that a match needs, and the owner's.

    None where the verdict has no decoys.
    """
    found, best = verdict.decoys, verdict.reading
    if found is None or best is None:
        return None
    figure = theme.new_figure(6.4, 2.9)
    axes = figure.subplots()
    counts = np.arange(best.total + 1)
    heights = np.array([found.counts.get(int(count), 0) for count in counts])
    chance = found.count * np.exp([_log_share(int(count), best.total) for count in counts])
    near = counts[(heights > 0) | (chance > found.count * 1e-4)]
    axes.bar(near, heights[near], width=0.9, color=theme.SKY, label="random keys")
    axes.plot(near, chance[near], color=theme.GREY, linewidth=1, label="chance")
    axes.axvline(needed(verdict), color=theme.VERMILLION, linestyle="--", linewidth=1, label="needed for a match")
    top = max(float(heights.max()), float(chance.max()))
    axes.annotate(
        f"owner's key: {best.matches}",
        xy=(best.matches, 0),
        xytext=(best.matches, 1.12 * top),
        ha="center",
        arrowprops={"arrowstyle": "->", "color": theme.BLUE},
        color=theme.BLUE,
    )
    axes.set_xlim(min(near.min(), best.matches) - 0.03 * best.total, 1.03 * best.total)
    axes.set_ylim(0, 1.25 * top)
    axes.set_xlabel(f"Places of {best.total} at which key and suspect agree")
    axes.set_ylabel("Keys")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def needed(verdict: Verdict) -> int:
    """The fewest matches whose corrected p is at the threshold; one more than there are bits where none is."""
    best, tests = verdict.reading, verdict.tests
    if best is None or tests is None:
        return 0
    wanted = verdict.threshold_log2 - math.log2(tests.total)
    return next((k for k in range(best.total + 1) if log2_binomial_tail(k, best.total) <= wanted), best.total + 1)


def _log_share(count: int, total: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1) - total * math.log(2)
