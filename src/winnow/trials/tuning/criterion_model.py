"""The criterion-level model of engine (a): its signals and the criterion's words, two simple models averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, AnswerRow

Floats = NDArray[np.float64]
# How much a standardised signal weighs beside a TF-IDF vector of length one.
_SIGNAL_WEIGHT = 0.15


class CriterionModel:
    """Randomised trees on the signals and logistic regression on signals and words, their probabilities averaged.

    Both are fixed: 400 trees (Geurts et al. 2006) of at least three rows a leaf; L2 logistic regression with C = 2.
    """

    def fit(self, rows: Sequence[AnswerRow], signals: Floats, truth: NDArray[np.int64]) -> CriterionModel:
        """Fit to rows, their signals [n, signals] and their answers [n]; returns itself."""
        from sklearn.ensemble import ExtraTreesClassifier
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self._words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        self._words.fit([worded(row) for row in rows])
        self._mean, self._scale = signals.mean(axis=0), signals.std(axis=0)
        self._scale[self._scale == 0] = 1.0
        self._trees = ExtraTreesClassifier(400, min_samples_leaf=3, random_state=0).fit(signals, truth)
        self._linear = LogisticRegression(C=2.0, max_iter=3000).fit(self._columns(rows, signals), truth)
        return self

    def predict(self, rows: Sequence[AnswerRow], signals: Floats) -> Floats:
        """Probabilities [n, 3] over `annotations.CLASSES`."""
        full = np.zeros((len(rows), len(CLASSES)))
        for model, columns in ((self._trees, signals), (self._linear, self._columns(rows, signals))):
            full[:, model.classes_] += model.predict_proba(columns) / 2
        return full

    def _columns(self, rows: Sequence[AnswerRow], signals: Floats) -> Any:
        from scipy.sparse import csr_matrix, hstack

        scaled = (signals - self._mean) / self._scale * _SIGNAL_WEIGHT
        return hstack([self._words.transform([worded(row) for row in rows]), csr_matrix(scaled)]).tocsr()


def worded(row: AnswerRow) -> str:
    """A row without its patient: the criterion's kind and words."""
    return f"kind_{row.kind} {row.criterion or ''}"
