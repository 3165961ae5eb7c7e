"""Fitting the calibrated head of the default engine to experts' answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, AnswerRow, patient_folds
from winnow.trials.answering.baseline.features import FEATURES
from winnow.trials.answering.baseline.head import Head
from winnow.trials.retrieval import Encoder
from winnow.trials.tuning.rows import simple_evidence

Floats = NDArray[np.float64]
_TEMPERATURES = np.geomspace(0.5, 4.0, 31)


def fit_head(
    rows: Sequence[AnswerRow], encoder: Encoder | None = None, strength: float = 0.1, folds: int = 5, made_by: str = ""
) -> Head:
    """The head fitted to the rows that are one question each, its temperature to out-of-fold answers.

    Args:
        rows: with experts' labels; rows that compose to several questions, to a number, or that a rule decides are
            left out: the head never answers those.
        encoder: the one that charts will be searched with; None fits without cosines.
        strength: inverse of the L2 penalty on standardised features.
        folds: by patient, for the temperature.
        made_by: goes into the file.

    Raises:
        ValueError: when fewer than ten rows or fewer than two patients are left.
    """
    kept, features, truth = simple_evidence(rows, encoder)
    if len(kept) < 10 or len({row.patient_id for row in kept}) < 2:
        raise ValueError("too few rows of one question to fit a head to")
    head = _fitted(features, truth, strength)
    temperature = _temperature(_out_of_fold(kept, features, truth, strength, folds), truth)
    return Head(head.weights, head.bias, temperature, made_by)


def _fitted(features: Floats, truth: NDArray[np.int64], strength: float) -> Head:
    """Logistic regression on standardised features, folded back into plain weights."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=strength, max_iter=2000).fit((features - mean) / scale, truth)
    weights, bias = np.zeros((len(CLASSES), len(FEATURES))), np.full(len(CLASSES), -20.0)
    coefficients, intercepts = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    if len(model.classes_) == 2:  # one row of coefficients stands for both classes
        coefficients, intercepts = (
            np.vstack([-coefficients, coefficients]) / 2,
            np.hstack([-intercepts, intercepts]) / 2,
        )
    weights[model.classes_] = coefficients / scale
    bias[model.classes_] = intercepts - (coefficients / scale) @ mean
    return Head(weights, bias)


def _out_of_fold(
    rows: Sequence[AnswerRow], features: Floats, truth: NDArray[np.int64], strength: float, folds: int
) -> Floats:
    """Logits [n, 3] of rows of patients that the fit has not seen."""
    logits = np.zeros((len(rows), len(CLASSES)))
    patients = len({row.patient_id for row in rows})
    for held in patient_folds(list(rows), min(folds, patients), seed=0):
        rest = np.setdiff1d(np.arange(len(rows)), held)
        head = _fitted(features[rest], truth[rest], strength)
        logits[held] = features[held] @ head.weights.T + head.bias
    return logits


def _temperature(logits: Floats, truth: NDArray[np.int64]) -> float:
    """The temperature of least negative log-likelihood, from a fixed grid so that it repeats exactly."""
    losses = [_loss(logits / temperature, truth) for temperature in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _loss(logits: Floats, truth: NDArray[np.int64]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(truth)), truth]).mean())
