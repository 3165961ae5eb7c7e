"""What every engine is measured against: no patient, no criterion, the wrong patient's note, and GPT-4's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, FACT, AnswerRow
from winnow.trials.evaluation.criteria import Predictor
from winnow.trials.evaluation.measures import facts_of
from winnow.trials.tuning.criterion_model import worded

Floats = NDArray[np.float64]


class Majority:
    """How often each answer was right in training, of all rows or of those of the row's kind."""

    def __init__(self, by_kind: bool = False) -> None:
        self.name = "majority by kind" if by_kind else "majority"
        self._by_kind = by_kind
        self._shares: dict[str, Floats] = {}

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Count."""
        kinds = {self._key(row) for row in rows}
        self._shares = {key: _shares([row for row in rows if self._key(row) == key]) for key in kinds}

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """The counted shares, [n, 3]."""
        return np.stack([self._shares[self._key(row)] for row in rows])

    def _key(self, row: AnswerRow) -> str:
        return row.kind if self._by_kind else ""


class CriterionWords:
    """TF-IDF of the criterion's words and its kind, logistic regression; it never reads the note. The row to beat."""

    def __init__(self, name: str = "criterion words only", strength: float = 3.0) -> None:
        self.name = name
        self._strength = strength
        self._model: Any = None

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Fit to the training rows."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self._model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"),
            LogisticRegression(C=self._strength, max_iter=2000),
        )
        self._model.fit([worded(row) for row in rows], facts_of(rows))

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """Probabilities [n, 3]."""
        return _all_classes(self._model.predict_proba([worded(row) for row in rows]), self._model.classes_)


class RecordedModel:
    """GPT-4's recorded label of each row: all the probability on one answer. It learns nothing."""

    name = "GPT-4, recorded"

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Nothing to learn."""

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """One-hot [n, 3]."""
        return np.eye(len(CLASSES))[[CLASSES.index(FACT[row.model_label]) for row in rows]]

    def labels(self, rows: Sequence[AnswerRow]) -> list[str]:
        """The recorded labels."""
        return [row.model_label for row in rows]


class ShuffledNotes:
    """A predictor that is given another patient's note: what it still gets right, it did not read.

    Args:
        of: the predictor.
        training: shuffle while fitting too; else only what is predicted from.
    """

    def __init__(self, of: Predictor, training: bool = False, seed: int = 0) -> None:
        self.name = f"{of.name}, notes shuffled" + (" in training too" if training else "")
        self._of, self._training, self._seed = of, training, seed

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Fit the predictor, to shuffled notes or to the right ones."""
        self._of.fit(shuffled(rows, self._seed) if self._training else rows)

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """The predictor's answers from shuffled notes, [n, 3]."""
        return self._of.predict(shuffled(rows, self._seed))


class ClosedWorld:
    """A predictor under the policy "what would exclude a patient and is not documented is absent".

    For exclusion criteria the probability of "unknown" goes to "no"; inclusion criteria stay open.
    """

    def __init__(self, of: Predictor) -> None:
        self.name = f"{of.name}, closed world for exclusion"
        self._of = of

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Fit the predictor."""
        self._of.fit(rows)

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """The predictor's answers with the policy applied, [n, 3]."""
        given = self._of.predict(rows).copy()
        closed = np.array([row.kind == "exclusion" for row in rows])
        given[closed, CLASSES.index("no")] += given[closed, CLASSES.index("unknown")]
        given[closed, CLASSES.index("unknown")] = 0.0
        return given


def shuffled(rows: Sequence[AnswerRow], seed: int = 0) -> list[AnswerRow]:
    """The rows with every patient's note replaced by another patient's; no patient keeps its own.

    Evidence positions are dropped, for they pointed into the note that is gone.
    """
    notes = {row.patient_id: row.sentences for row in rows}
    order = np.random.default_rng(seed).permutation(sorted(notes)).tolist()
    # A cycle through all patients has no fixed point when there are two or more.
    other = dict(zip(order, order[1:] + order[:1], strict=True))
    return [replace(row, sentences=notes[other[row.patient_id]], evidence=()) for row in rows]


def _shares(rows: Sequence[AnswerRow]) -> Floats:
    counts = Counter(row.fact for row in rows)
    return np.array([counts[name] for name in CLASSES]) / len(rows)


def _all_classes(given: Floats, known: NDArray[np.int64]) -> Floats:
    """Columns for every class, also for one that training never saw."""
    full = np.zeros((len(given), len(CLASSES)))
    full[:, known] = given
    return full
