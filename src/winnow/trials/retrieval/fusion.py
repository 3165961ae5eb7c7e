"""Rankings and their fusion by reciprocal rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# As TrialGPT's retrieval (Jin et al. 2024, Nat Commun 15:9074) fuses its rankings.
RRF_K = 20
# Cosines are rounded before they are ranked: their last bits depend on what else was encoded in the same batch.
_DIGITS = 5


def ranks(scores: NDArray[np.floating], precedence: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks [queries, documents] from 1 by descending score; of equal scores the lower `precedence` comes first."""
    order = np.argsort(precedence, kind="stable")
    best = np.argsort(-np.round(scores[:, order], _DIGITS), axis=1, kind="stable")
    places = np.empty_like(best)
    np.put_along_axis(places, order[best], np.arange(1, scores.shape[1] + 1)[None, :], axis=1)
    return places


def fused(scores: Sequence[NDArray[np.float32]], precedence: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum over rankings of 1 / (20 + rank), [queries, documents]; a score of 0 or less earns nothing."""
    total = np.zeros(scores[0].shape)
    for own in scores:
        total += np.where(own > 0, 1.0 / (RRF_K + ranks(own, precedence)), 0.0)
    return total


def best_first(scores: NDArray[np.float64], precedence: NDArray[np.int64], k: int) -> list[list[int]]:
    """For each query the positions of its `k` best documents with a score above 0, best first."""
    places = ranks(scores, precedence)
    order = np.argsort(places, axis=1)[:, :k]
    return [[int(at) for at in own if row[at] > 0] for own, row in zip(order, scores, strict=True)]
