"""The order in which a training run sees its images."""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.core import WinnowError, derive_seed


class BatchOrder:
    """Which images make up the batch of a step: a function of the seed and the step alone.

    Every epoch is a new permutation of the images, cut into whole batches; the images left over at its end are not
    seen in that epoch (45,000 images in batches of 64 make 703 batches).

    Args:
        count: images in the train split.
        batch: images in a batch.
        seed: the permutation of epoch e follows from `derive_seed(seed, "epoch", e)`.

    Raises:
        WinnowError: WN-D06 when there are fewer images than a batch holds, WN-C01 on a batch below 1.
    """

    def __init__(self, count: int, batch: int, seed: int) -> None:
        if batch < 1:
            raise WinnowError("WN-C01", f"a batch of {batch} images", where="batch", fix="Give 1 or more.")
        if batch > count:
            raise WinnowError(
                "WN-D06",
                f"a batch of {batch} is larger than the train split, {count} images",
                fix=f"Choose a batch of at most {count}, or fewer validation images.",
            )
        self.count = count
        self.batch = batch
        self.seed = seed
        self.per_epoch = count // batch
        self._epoch = -1
        self._permutation = torch.empty(0, dtype=torch.int64)

    def indices(self, step: int) -> Tensor:
        """The images of optimizer step `step`, counted from 0: int64 [batch], on the CPU."""
        if step < 0:
            raise ValueError(f"steps count from 0, not {step}")
        epoch, position = divmod(step, self.per_epoch)
        return self._permuted(epoch)[position * self.batch : (position + 1) * self.batch]

    def _permuted(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derive_seed(self.seed, "epoch", epoch))
            self._permutation = torch.randperm(self.count, generator=generator)
            self._epoch = epoch
        return self._permutation
