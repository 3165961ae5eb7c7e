"""Whether the part of a reference that is not keyed gives away what the key reads.

A suspect is aligned to the reference by what lies outside the keyed positions, so an innocent one comes out with dense
rows where the reference has dense rows. A dishonest owner could shape these after the bits sent. Then they also predict
the bits, and that is what the judge looks for before a match counts: in the reference, and in the aligned suspect. The
second look is needed where columns have fixed places that everybody knows, such as the pixels at the border: a
reference can have even columns, and rows that predict the bits only beside the columns of an innocent suspect. A true
copy passes both, since outside the keyed positions a mark changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from winnow.signing.code.positions import Positions
from winnow.signing.code.statistic import adjusted, log2_binomial_tail, log2_sign_flip

LIMIT = -20.0  # log2 p: a claim whose reference foresees its own bits better than that is refused
RANK = 4  # directions of the rows and columns beyond their densities
_FILLS = 3
_FINENESS = 50  # the largest predicted difference, as an integer for the test of flipped signs
_SMOOTHING = 2.0  # entries of average density that every row, column and offset has besides its own


def foresight(
    masks: Mapping[str, NDArray],
    weights: Mapping[str, NDArray] | None,
    positions: Positions,
    sent: NDArray,
    blanked: Mapping[str, NDArray] | None = None,
) -> float:
    """How improbable it is that masks outside the keyed positions predict the sent bits as well as these do.

    Four predictions are made of a bit, each the difference of two sums over its positions: of the products of row,
    column and offset densities of the mask, of an approximation of low rank, and the same of the weights' sizes.

    Args:
        masks: by layer, the reference's or those of a suspect aligned to it.
        weights: their weights; None when they are not known.
        positions: those of the key.
        sent: its bits, booleans (n,).
        blanked: True at all that the alignment does not see, when that is more than this key's positions.

    Returns:
        log2 of the binomial p-value of the best prediction, times the number of predictions; 0.0 at most. Compare with
        `LIMIT`.
    """
    hidden = positions.blanked() if blanked is None else blanked
    shown = [{name: mask.astype(np.float64) for name, mask in masks.items()}]
    if weights is not None:
        shown.append({name: np.abs(w, dtype=np.float64) * masks[name] for name, w in weights.items() if name in masks})
    log2_ps = []
    for values in shown:
        expected = [np.concatenate(parts) for parts in zip(*_expected(values, hidden, positions), strict=True)]
        log2_ps += [log2_p for differences in expected for log2_p in _agreement(differences, sent)]
    return adjusted(min(log2_ps), len(log2_ps))


def _agreement(differences: NDArray, sent: NDArray) -> tuple[float, float]:
    """By both tests that a verdict uses: a few bits foretold with great weight would pass the first alone."""
    told = np.abs(differences) > 1e-12
    most = float(np.abs(differences).max(initial=0.0)) or 1.0
    weighed = np.rint(differences * (_FINENESS / most)).astype(np.int64)
    counted = log2_binomial_tail(int(((differences > 0) == sent)[told].sum()), int(told.sum()))
    return counted, log2_sign_flip(weighed, np.where(sent, 1, -1))


def _expected(
    values: Mapping[str, NDArray], hidden: Mapping[str, NDArray], positions: Positions
) -> Iterator[tuple[NDArray, NDArray]]:
    """Layer by layer the differences (bits,) that the densities predict, and those of low rank."""
    for layer in positions.layout.layers:
        if not layer.bits:
            continue
        seen = ~hidden[layer.name].reshape(layer.grid)
        found = values[layer.name].reshape(layer.grid) if layer.name in values else np.zeros(layer.grid)
        first, second = positions.first[layer.name], positions.second[layer.name]
        predictions = _predictions(np.where(seen, found, 0.0), seen)
        one, other = (flat.take(first).sum(1) - flat.take(second).sum(1) for flat in predictions)
        yield one, other


def _predictions(found: NDArray, seen: NDArray[np.bool_]) -> tuple[NDArray, NDArray]:
    """What to expect at every entry (rows, columns, offsets) from those that are seen, in two ways, flat."""
    mean = found.sum() / max(seen.sum(), 1)
    product = np.full(found.shape, mean)
    for axes in ((1, 2), (0, 2), (0, 1)):
        entries = seen.sum(axis=axes, keepdims=True) + _SMOOTHING
        product *= (found.sum(axis=axes, keepdims=True) + _SMOOTHING * mean) / entries / (mean or 1.0)
    low = _low_rank(found.sum(2), seen.sum(2), product.mean(2))
    return product.reshape(-1), np.broadcast_to(low[:, :, None], found.shape).reshape(-1)


def _low_rank(found: NDArray, seen: NDArray, start: NDArray) -> NDArray:
    """Means over the offsets (rows, columns), of low rank; entries seen by half are filled up from it."""
    whole = max(int(seen.max()), 1)
    guess = start
    for _ in range(_FILLS):
        filled = (found + (whole - seen) * guess) / whole
        guess = _projected(filled) if filled.shape[0] <= filled.shape[1] else _projected(filled.T).T
    return guess


def _projected(wide: NDArray) -> NDArray:
    """The matrix (n, m), n <= m, in its main directions."""
    main = np.linalg.eigh(wide @ wide.T)[1][:, -RANK:]
    return main @ (main.T @ wide)
