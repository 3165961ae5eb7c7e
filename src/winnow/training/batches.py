"""Batches for a stack: every network follows its own order, cut from tensors by index."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.data import BatchOrder, DataSet, augment
from winnow.data.augment import check_augment
from winnow.training.plan import Member, TrainingPlan

_PAD = 4


class StackBatches:
    """The batch of every member at a step; members of one order seed share it."""

    def __init__(self, data: DataSet, members: Sequence[Member], plan: TrainingPlan) -> None:
        check_augment(plan.augment, data)
        self._data, self._plan = data, plan
        self._seeds = [member.order_seed for member in members]
        self._orders = {seed: BatchOrder(len(data.train), plan.batch, seed) for seed in set(self._seeds)}

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs [R, B, ...] and labels [R, B] of a step."""
        inputs, labels, index = self.indexed(step)
        return batch_of(len(self._seeds), inputs, labels, index)

    def indexed(self, step: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """The same without copying: all inputs, all labels and an index [R * B]; where they are augmented, as `at`."""
        train = self._data.train
        chosen = {seed: order.indices(step) for seed, order in self._orders.items()}
        index = torch.cat([chosen[seed] for seed in self._seeds]).to(train.labels.device)
        if self._plan.augment == "none":
            return train.inputs, train.labels, index
        images, labels = batch_of(len(self._seeds), train.inputs, train.labels, index)
        return self._augmented(images, step), labels, None

    def _augmented(self, images: Tensor, step: int) -> Tensor:
        fill = self._data.pad_value
        seeds = [derive_seed(seed, "augment", step) for seed in self._seeds]
        return torch.stack(
            [augment(x, seed=seed, flip=True, pad=_PAD, fill=fill) for x, seed in zip(images, seeds, strict=True)]
        )


def batch_of(members: int, inputs: Tensor, labels: Tensor, index: Tensor | None) -> tuple[Tensor, Tensor]:
    """Inputs [R, B, ...] and labels [R, B], picked by an index [R * B]; without one they are so already."""
    if index is None:
        return inputs, labels
    chosen = index.flatten()
    picked = inputs.index_select(0, chosen).view(members, -1, *inputs.shape[1:])
    return picked, labels.index_select(0, chosen).view(members, -1)
