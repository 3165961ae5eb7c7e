"""Intervals by resampling patients: rows of one patient are not independent, patients are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import AnswerRow
from winnow.trials.evaluation.measures import confusion

Floats = NDArray[np.float64]
Measure = Callable[[Floats], Floats]


def patient_draws(patients: int, resamples: int, seed: int = 0) -> Floats:
    """How often each patient is drawn in each resample with replacement, [resamples, patients]."""
    shares = np.full(patients, 1 / patients)
    return np.random.default_rng(seed).multinomial(patients, shares, size=resamples).astype(np.float64)


def patient_confusions(
    rows: Sequence[AnswerRow], truth: NDArray[np.int64], choices: NDArray[np.int64], classes: int
) -> Floats:
    """A confusion matrix of every patient and seed, from choices [seeds, n]: [patients, seeds, classes, classes]."""
    names = np.array([row.patient_id for row in rows])
    return np.stack(
        [
            np.stack([confusion(truth[names == name], seed[names == name], classes) for seed in choices])
            for name in sorted(set(names.tolist()))
        ]
    )


def estimates(confusions: Floats, measure: Measure, draws: Floats) -> tuple[float, Floats]:
    """A measure of all patients and of every resample [resamples], each averaged over the seeds."""
    drawn = np.tensordot(draws, confusions, axes=1)
    return float(measure(confusions.sum(axis=0)).mean()), measure(drawn).mean(axis=-1)


def interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """The percentile interval of resampled values [resamples]."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
