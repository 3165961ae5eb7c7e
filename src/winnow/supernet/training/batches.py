"""The order of training images: every batch follows from the seed and the step, so nothing is saved for a resume."""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.core import derive_seed


class Batches:
    """Indices of the batch at any step; each epoch has a permutation of its own, and leaves its last rest out.

    Args:
        count: training images.
        size: images a batch; all of them, when there are fewer.
        seed: root of the permutations.
    """

    def __init__(self, count: int, size: int, seed: int) -> None:
        self._count, self._size, self._seed = count, min(size, count), seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def at(self, step: int) -> Tensor:
        """int64 [size]."""
        epoch, place = divmod(step, self._count // self._size)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derive_seed(self._seed, "order", epoch))
            self._epoch, self._order = epoch, torch.randperm(self._count, generator=generator)
        return self._order[place * self._size : (place + 1) * self._size]


def augmenting(seed: int, step: int) -> torch.Generator:
    """The stream of a step's flips, shifts and crops."""
    return torch.Generator().manual_seed(derive_seed(seed, "augment", step))
