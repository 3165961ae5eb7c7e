"""Batches for a stack: every network follows its own order, cut from tensors by index."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.data import BatchOrder, DataSet, augment
from winnow.training.plan import Member, TrainingPlan

_PAD = 4


class StackBatches:
    """The batch of every member at a step; members of one order seed share it."""

    def __init__(self, data: DataSet, members: Sequence[Member], plan: TrainingPlan) -> None:
        self._data, self._plan = data, plan
        self._seeds = [member.order_seed for member in members]
        self._orders = {seed: BatchOrder(len(data.train), plan.batch, seed) for seed in set(self._seeds)}

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Images [R, B, C, H, W] and labels [R, B] of a step."""
        train = self._data.train
        chosen = {seed: order.indices(step) for seed, order in self._orders.items()}
        index = torch.cat([chosen[seed] for seed in self._seeds]).to(train.labels.device)
        members, batch = len(self._seeds), self._plan.batch
        images = train.images.index_select(0, index).view(members, batch, *train.images.shape[1:])
        labels = train.labels.index_select(0, index).view(members, batch)
        return (images if self._plan.augment == "none" else self._augmented(images, step)), labels

    def _augmented(self, images: Tensor, step: int) -> Tensor:
        fill = self._data.pad_value
        seeds = [derive_seed(seed, "augment", step) for seed in self._seeds]
        return torch.stack(
            [augment(x, seed=seed, flip=True, pad=_PAD, fill=fill) for x, seed in zip(images, seeds, strict=True)]
        )
