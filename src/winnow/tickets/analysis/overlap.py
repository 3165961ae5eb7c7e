"""Do replicates find the same mask? Overlap of every two, against what chance gives."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from winnow.sparsity import Mask, jaccard

_REACH = 40.0  # standard deviations on both sides of the mean; what lies beyond is below 1e-300


def overlap_rows(level: int, masks: Sequence[Mask]) -> list[dict[str, Any]]:
    """Per layer and pair of replicates: the masks' overlap (Jaccard: both over either) and the expected overlap of two
    masks of the same counts at independent, uniformly random positions.
    """
    rows = []
    for (one, left), (other, right) in itertools.combinations(enumerate(masks), 2):
        for name in left:
            alone = Mask({name: left[name]}), Mask({name: right[name]})
            total, kept = alone[0].total, (alone[0].kept, alone[1].kept)
            rows.append(
                {
                    "level": level,
                    "layer": name,
                    "replicate": one,
                    "other": other,
                    "overlap": 1 - jaccard(*alone),
                    "expected": expected_overlap(total, *kept),
                }
            )
    return rows


def expected_overlap(total: int, one: int, other: int) -> float:
    """The exact expectation of both / either for two independent random subsets of fixed sizes.

    The size of the intersection X is hypergeometric, so this is the sum over x of P(X = x) x / (one + other - x). Two
    empty subsets overlap fully, as two equal masks do.

    Args:
        total: how many positions there are.
        one: size of the first subset, 0 to total.
        other: size of the second.
    """
    if not one and not other:
        return 1.0
    sizes, chances = _intersections(total, one, other)
    return float(chances @ (sizes / (one + other - sizes)))


def _intersections(total: int, one: int, other: int) -> tuple[np.ndarray, np.ndarray]:
    """Sizes that the intersection can have, and their probabilities."""
    low, high = max(0, one + other - total), min(one, other)
    mean = one * other / total
    spread = (mean * (1 - one / total) * (1 - other / total) * total / max(total - 1, 1)) ** 0.5
    reach = _REACH * spread + _REACH
    low, high = max(low, int(mean - reach)), min(high, int(mean + reach) + 1)
    x = np.arange(low, high + 1, dtype=np.float64)
    # log P(x + 1) - log P(x): sums of ratios, as differences of large factorials would lose their digits.
    before = x[:-1]
    steps = np.log((one - before) * (other - before)) - np.log((before + 1) * (total - one - other + before + 1))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    weights = np.exp(logs - logs.max())
    return x, weights / weights.sum()
