"""What of a suspect is compared with a reference: which weights are on, and how large they are among their like.

A tensor is seen as (rows, columns, offsets): the channels along axis 0, those along axis 1, and all the rest. What is
taken from a suspect does not change when its channels are rescaled or change their signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

PRUNED = 0.25  # supposed chance that a weight of the reference is off in its copy
ADDED = 0.1  # supposed chance that a weight off in the reference is on in its copy, against that in another network
SIZES = 1.0  # weight of one standard deviation of size, squared, against the evidence of the masks
FAINT = 0.01  # against the root mean square of its row and column: smaller weights are noise, and off
CROWDED = 1.3  # so many times the reference's count of weights on is a dense network: only the largest are on


def as_grid(tensor: NDArray, repeats: tuple[int, int]) -> NDArray:
    """The tensor as (rows, columns, offsets), entries of one channel side by side among the offsets."""
    rows, columns = repeats
    whole = tensor.reshape(len(tensor) // rows, rows, tensor.shape[1] // columns if tensor.ndim > 1 else 1, columns, -1)
    return np.ascontiguousarray(whole.transpose(0, 2, 1, 3, 4)).reshape(whole.shape[0], whole.shape[2], -1)


def from_grid(grid: NDArray, repeats: tuple[int, int], shape: tuple[int, ...]) -> NDArray:
    """What `as_grid` was given: a tensor of this shape."""
    rows, columns = repeats
    return grid.reshape(*grid.shape[:2], rows, columns, -1).transpose(0, 2, 1, 3, 4).reshape(shape)


@dataclass(frozen=True)
class Pattern:
    """A reference's tensor (n0, n1, K): what of it may be looked at.

    Attributes:
        seen: 1 where a weight may be looked at, 0 at keyed positions.
        on: 1 where it may be looked at and the reference keeps it.
        sizes: for these weights, standardised size; 0 elsewhere.
    """

    seen: Array
    on: Array
    sizes: Array

    @classmethod
    def of(cls, mask: NDArray, blanked: NDArray, weights: NDArray | None) -> Pattern:
        """From grids: the mask, whether each entry is keyed, and the weights where they are known."""
        on = mask & ~blanked
        sizes = np.zeros(mask.shape) if weights is None else _standardised(equalised(np.where(on, weights, 0.0)), on)
        return cls((~blanked).astype(np.float32), on.astype(np.float32), sizes.astype(np.float32))

    @property
    def density(self) -> float:
        """Of what may be looked at, the share that is kept."""
        return float(self.on.sum() / max(self.seen.sum(), 1.0))

    def stacked(self) -> Array:
        """What stands against `evidence`: (3, n0, n1, K)."""
        return np.stack([self.on, self.seen, self.sizes])


def equalised(weights: NDArray) -> NDArray:
    """Absolute weights (n0, n1, K), over the scales of rows and columns: of those not 0, the mean square is 1."""
    square = np.nan_to_num(weights.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0) ** 2
    for _ in range(3):
        for axes in ((1, 2), (0, 2)):
            alive = np.count_nonzero(square, axis=axes, keepdims=True)
            total = square.sum(axis=axes, keepdims=True)
            square /= np.where(total > 0, total / np.maximum(alive, 1), 1.0)
    return np.sqrt(square)


def support(sizes: NDArray, kept: int) -> NDArray[np.bool_]:
    """Which of the equalised weights are on, where a copy of the reference would keep so many."""
    on = sizes > FAINT
    if np.count_nonzero(sizes) <= CROWDED * kept or kept < 1:
        return on
    return sizes >= max(np.partition(sizes, sizes.size - kept, axis=None)[sizes.size - kept], FAINT)


def evidence(weights: NDArray, kept: int) -> Array:
    """For a suspect's grid (m0, m1, K), of which a copy would keep so many: what each entry tells, (3, m0, m1, K).

    The first, where the reference keeps the weight, and the second, everywhere, add up to the logarithm of how much
    likelier the entry is in a copy than in another network with the same rows, columns and offsets. The third is the
    standardised size.
    """
    sizes = equalised(weights)
    on = support(sizes, kept)
    chance = _density(on)
    if_kept = np.where(on, np.log((1 - PRUNED) / chance), np.log(PRUNED / (1 - chance)))
    if_not = np.where(on, np.log(ADDED), np.log((1 - ADDED * chance) / (1 - chance)))
    return np.stack([if_kept - if_not, if_not, SIZES * _standardised(sizes, on)]).astype(np.float32)


def _density(on: NDArray[np.bool_]) -> NDArray:
    """How likely each weight is to be on, from its row, its column and its offset."""
    whole = np.clip(on.mean(), 1e-6, 1.0)
    chance = np.full(on.shape, whole)
    for axes in ((1, 2), (0, 2), (0, 1)):
        counted = np.prod([on.shape[axis] for axis in axes])
        # Two weights more of the average density, so that an empty row is not proof.
        chance *= (on.sum(axis=axes, keepdims=True) + 2) / (counted * whole + 2)
    return np.clip(chance, 1e-4, 0.9)


def _standardised(sizes: NDArray, on: NDArray[np.bool_]) -> NDArray:
    """Square roots of the sizes that are on, with mean 0 and standard deviation 1; 0 elsewhere."""
    roots = np.sqrt(sizes[on])
    result = np.zeros(sizes.shape)
    if roots.size > 1 and roots.std() > 1e-9:
        result[on] = np.clip((roots - roots.mean()) / roots.std(), -3, 3)
    return result
