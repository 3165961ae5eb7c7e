"""The criterion-answer benchmark: predictors compared on experts' answers, folds and intervals by patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, DISQUALIFYING, AnswerRow, patient_folds
from winnow.trials.evaluation import measures, paired

Floats = NDArray[np.float64]

# An answer against the patient counts as raised from here on: the paper's bound of "not met".
DEMOTE = 0.34


class Predictor(Protocol):
    """Answers rows it has not seen after being fitted to others. `fit` forgets what an earlier `fit` learned."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Learn from the training rows; nothing of the test rows may be known before or after."""
        ...

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """Probabilities [n, 3] over `annotations.CLASSES`; it may not read a row's labels or evidence."""
        ...


@runtime_checkable
class NamesLabels(Protocol):
    """A predictor that also names the six-way labels itself ("not applicable" among them)."""

    def labels(self, rows: Sequence[AnswerRow]) -> list[str]:
        """One of `measures.LABELS` a row."""
        ...


class OutOfFold:
    """What one predictor answered to rows it had not seen: probabilities [seeds, n, 3] and six-way labels."""

    def __init__(self, name: str, probabilities: Floats, labels: list[list[str]]) -> None:
        self.name, self.probabilities, self.labels = name, probabilities, labels


def out_of_fold(rows: Sequence[AnswerRow], predictor: Predictor, folds: int = 5, seeds: int = 2) -> OutOfFold:
    """Fit on all folds but one and predict it, for every fold of every seed.

    Raises:
        ValueError: when a predictor's answers are no probabilities [n, 3].
    """
    rows = list(rows)
    probabilities = np.zeros((seeds, len(rows), len(CLASSES)))
    labels = [[""] * len(rows) for _ in range(seeds)]
    for seed in range(seeds):
        for held in patient_folds(rows, folds, seed):
            _fill(predictor, rows, held, probabilities[seed], labels[seed])
    return OutOfFold(predictor.name, probabilities, labels)


def evaluate_criteria(
    rows: Sequence[AnswerRow],
    predictors: Sequence[Predictor],
    folds: int = 5,
    seeds: int = 2,
    reference: str = "criterion words only",
    resamples: int = 10_000,
) -> list[dict[str, Any]]:
    """One row a predictor: measures averaged over the seeds, 95 % intervals over patients, differences to `reference`.

    See `compare` for the columns.
    """
    answered = [out_of_fold(rows, predictor, folds, seeds) for predictor in predictors]
    return compare(rows, answered, reference, resamples)


def compare(
    rows: Sequence[AnswerRow],
    answered: Sequence[OutOfFold],
    reference: str = "criterion words only",
    resamples: int = 10_000,
) -> list[dict[str, Any]]:
    """The table of the benchmark.

    Columns: `accuracy`, `macro_f1` (three classes), `accuracy_6`, `macro_f1_6`, each with `_low` and `_high`;
    `disqualifier_recall` of the labels "not included" and "excluded" as the likeliest answer, `demote_recall` and
    `demoted` (recall of them, and share of all rows, where their probability is `DEMOTE` or more); `ece`, `brier`;
    `answered` and `answered_accuracy` (yes and no only); `gain`, `gain_low`, `gain_high` and `gain_f1...`: accuracy
    and macro-F1 less the reference's, paired by patient; None where the reference is not among the predictors.
    """
    rows = list(rows)
    draws = paired.patient_draws(len({row.patient_id for row in rows}), resamples)
    resampled = {each.name: _estimates(rows, each, draws) for each in answered}
    return [
        {
            "predictor": each.name,
            **_with_intervals(resampled[each.name]),
            **_others(rows, each),
            **_gains(resampled, each.name, reference),
        }
        for each in answered
    ]


def _fill(
    predictor: Predictor, rows: list[AnswerRow], held: NDArray[np.int64], probabilities: Floats, labels: list[str]
) -> None:
    """Train on the rest, answer the rows at `held`."""
    out = set(held.tolist())
    predictor.fit([row for place, row in enumerate(rows) if place not in out])
    asked = [rows[place] for place in held]
    given = np.asarray(predictor.predict(asked), dtype=np.float64)
    if given.shape != (len(asked), len(CLASSES)) or not np.allclose(given.sum(axis=1), 1, atol=1e-5):
        raise ValueError(f"{predictor.name}: no probabilities over {len(CLASSES)} classes")
    probabilities[held] = given
    named = predictor.labels(asked) if isinstance(predictor, NamesLabels) else None
    for place, label in zip(held, named or measures.six_labels(asked, given.argmax(axis=1)), strict=True):
        labels[place] = label


def _estimates(rows: list[AnswerRow], answered: OutOfFold, draws: Floats) -> dict[str, tuple[float, Floats]]:
    """Every measure of a confusion matrix, of all patients and of each resample."""
    three = paired.patient_confusions(rows, measures.facts_of(rows), answered.probabilities.argmax(axis=2), 3)
    six = paired.patient_confusions(rows, _places([row.label for row in rows]), _six(answered), len(measures.LABELS))
    return {
        "accuracy": paired.estimates(three, measures.accuracy, draws),
        "macro_f1": paired.estimates(three, measures.macro_f1, draws),
        "accuracy_6": paired.estimates(six, measures.accuracy, draws),
        "macro_f1_6": paired.estimates(six, measures.macro_f1, draws),
    }


def _places(labels: Sequence[str]) -> NDArray[np.int64]:
    return np.array([measures.LABELS.index(label) for label in labels], dtype=np.int64)


def _six(answered: OutOfFold) -> NDArray[np.int64]:
    return np.stack([_places(labels) for labels in answered.labels])


def _with_intervals(estimates: Mapping[str, tuple[float, Floats]]) -> dict[str, float]:
    cells: dict[str, float] = {}
    for key, (value, values) in estimates.items():
        cells[key] = value
        cells[f"{key}_low"], cells[f"{key}_high"] = paired.interval(values)
    return cells


def _others(rows: list[AnswerRow], answered: OutOfFold) -> dict[str, float | None]:
    """Measures without an interval, averaged over the seeds."""
    by_seed = [_of_one_seed(rows, p, named) for p, named in zip(answered.probabilities, answered.labels, strict=True)]
    return {key: _mean([seed[key] for seed in by_seed]) for key in by_seed[0]}


def _of_one_seed(rows: list[AnswerRow], probabilities: Floats, named: list[str]) -> dict[str, float | None]:
    truth, choice = measures.facts_of(rows), probabilities.argmax(axis=1)
    against = np.array([row.label in DISQUALIFYING for row in rows])
    raised = measures.disqualifying_probability(rows, probabilities) >= DEMOTE
    told = choice != CLASSES.index("unknown")
    found = np.array([name == row.label for name, row in zip(named, rows, strict=True)])
    return {
        "disqualifier_recall": _share(found, against),
        "demote_recall": _share(raised, against),
        "demoted": float(raised.mean()),
        "ece": measures.expected_calibration_error(probabilities, truth),
        "brier": measures.brier(probabilities, truth),
        "answered": float(told.mean()),
        "answered_accuracy": _share(choice == truth, told),
    }


def _share(of: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    return float(of[among].mean()) if among.any() else None


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _gains(resampled: Mapping[str, dict[str, tuple[float, Floats]]], name: str, reference: str) -> dict[str, Any]:
    """Differences to the reference with their paired intervals: the same patients are drawn for both."""
    cells: dict[str, Any] = {}
    for key, prefix in (("accuracy", "gain"), ("macro_f1", "gain_f1")):
        known = reference in resampled and name != reference
        value, values = resampled[name][key]
        base, bases = resampled[reference][key] if known else (0.0, values)
        low, high = paired.interval(values - bases) if known else (None, None)
        cells |= {prefix: value - base if known else None, f"{prefix}_low": low, f"{prefix}_high": high}
    return cells
