"""Measures of three-class answers about facts, each from its definition, none needing more than NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, AnswerRow

Floats = NDArray[np.float64]

LABELS = ("included", "not included", "excluded", "not excluded", "not enough information", "not applicable")
# What a kind of criterion calls a fact that holds, one that does not, and one the notes leave open. "Not applicable"
# is folded into "unknown": whoever predicts three classes never predicts it, and its rows count as wrong of six.
_SIX = {
    "inclusion": ("included", "not included", "not enough information"),
    "exclusion": ("excluded", "not excluded", "not enough information"),
}
_DISQUALIFIES = {"inclusion": CLASSES.index("no"), "exclusion": CLASSES.index("yes")}


def facts_of(rows: Sequence[AnswerRow]) -> NDArray[np.int64]:
    """The experts' answers as positions in `CLASSES`, [n]."""
    return np.array([CLASSES.index(row.fact) for row in rows], dtype=np.int64)


def six_labels(rows: Sequence[AnswerRow], choices: Sequence[int] | NDArray[np.int64]) -> list[str]:
    """Three-class answers (positions in `CLASSES`, [n]) in the benchmark's six words."""
    return [_SIX[row.kind][choice] for row, choice in zip(rows, choices, strict=True)]


def disqualifying_probability(rows: Sequence[AnswerRow], probabilities: Floats) -> Floats:
    """Of each row, [n], the probability [n, 3] of the answer that speaks against the patient."""
    return probabilities[np.arange(len(rows)), [_DISQUALIFIES[row.kind] for row in rows]]


def confusion(truth: NDArray[np.int64], choice: NDArray[np.int64], classes: int) -> Floats:
    """Counts [classes, classes]: rows are the truth, columns the choice."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (truth, choice), 1)
    return counts


def accuracy(confusions: Floats) -> Floats:
    """Share on the diagonal of each [..., classes, classes]."""
    hits = np.trace(confusions, axis1=-2, axis2=-1)
    return np.asarray(hits / confusions.sum(axis=(-2, -1)))


def macro_f1(confusions: Floats) -> Floats:
    """Mean F1 over the classes that occur in the truth or among the choices, of each [..., classes, classes]."""
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    sums = confusions.sum(axis=-1) + confusions.sum(axis=-2)
    f1 = np.divide(2 * hits, sums, out=np.zeros_like(hits), where=sums > 0)
    return f1.sum(axis=-1) / (sums > 0).sum(axis=-1)


def expected_calibration_error(probabilities: Floats, truth: NDArray[np.int64], bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins of the confidence (Guo et al. 2017, eq. 3)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(truth))


def brier(probabilities: Floats, truth: NDArray[np.int64]) -> float:
    """Mean squared distance to the one-hot truth, 0 to 2 (Brier 1950, over all classes)."""
    return float(((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(axis=1).mean())


def coverage_curve(probabilities: Floats, truth: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Share of rows kept, most confident first, and the accuracy among them: two arrays [n].

    Rows of equal confidence are kept together, so that their order in the file cannot matter.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    order = np.argsort(-confidence, kind="stable")
    kept = np.arange(1, len(truth) + 1)
    last = np.searchsorted(-confidence[order], -confidence[order], side="right")
    return last / len(truth), (np.cumsum(right[order])[last - 1] / kept[last - 1])
