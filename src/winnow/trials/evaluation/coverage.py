"""The figure of coverage against accuracy: how right an engine is where it is sure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from winnow.reports import save_figure
from winnow.reports.theme import HEIGHT, applied, cycled, new_figure
from winnow.trials.annotations import AnswerRow
from winnow.trials.evaluation.criteria import OutOfFold
from winnow.trials.evaluation.measures import coverage_curve, facts_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The accuracy among the first few rows is noise.
_FROM = 0.05


def coverage_figure(rows: Sequence[AnswerRow], answered: Sequence[OutOfFold]) -> Figure:
    """Accuracy (three classes, %) among the share of rows (%) that each predictor is surest of; seeds are pooled."""
    with applied():
        figure = new_figure(height=HEIGHT + 0.18 * len(answered))
        axes = figure.add_subplot()
        for place, each in enumerate(answered):
            share, right = _pooled(rows, each)
            kept = share >= _FROM
            style = cycled(place)
            axes.plot(100 * share[kept], 100 * right[kept], color=style.colour, linestyle=style.line, label=each.name)
        axes.set_xlabel("rows answered, surest first (%)")
        axes.set_ylabel("accuracy among them (%)")
        figure.legend(loc="outside upper center", ncols=1)
        return figure


def save_coverage(
    rows: Sequence[AnswerRow], answered: Sequence[OutOfFold], folder: Path, name: str
) -> tuple[Path, Path]:
    """Write the figure as PNG and SVG; returns their paths.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the folder cannot be written.
    """
    return save_figure(coverage_figure(rows, answered), folder, name)


def _pooled(rows: Sequence[AnswerRow], answered: OutOfFold) -> tuple[np.ndarray, np.ndarray]:
    truth = np.tile(facts_of(rows), len(answered.probabilities))
    return coverage_curve(np.concatenate(list(answered.probabilities)), truth)
