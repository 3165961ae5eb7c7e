"""The examples that every run of a stack trains and is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from winnow.core import WinnowError, derive_seed
from winnow.grokking.networks.network import Network
from winnow.grokking.stacks.member import Member
from winnow.grokking.tasks.task import Task

Prepared = tuple[Any, Tensor]


class Examples:
    """Training and test rows of S runs, prepared for the network once where all of them are used at every step.

    Raises:
        WinnowError: WN-R02 when the runs' splits differ in size.
    """

    def __init__(
        self, task: Task, network: Network, members: Sequence[Member], batch: int | None, device: torch.device
    ) -> None:
        sizes = {(len(member.split.train), len(member.split.test)) for member in members}
        if len(sizes) != 1:
            raise WinnowError("WN-R02", "the runs of a stack must have splits of one size", where=str(sorted(sizes)))
        self._network, self._members = network, list(members)
        self._inputs, self._targets = task.inputs.to(device), task.targets.to(device)
        self._rows = torch.stack([member.split.train for member in members]).to(device)
        self._batch = batch if batch is not None and batch < self._rows.shape[1] else None
        self._test = torch.stack([member.split.test for member in members]).to(device)
        self._epoch, self._order = -1, self._rows
        self._prepare()

    def at(self, step: int) -> Prepared:
        """What step `step` trains on, and its targets [S, n]."""
        if self._batch is None:
            return self.train
        # The last, smaller batch of an epoch is left out, so that all batches weigh the same.
        steps = self._rows.shape[1] // self._batch
        self._shuffle(step // steps)
        start = step % steps * self._batch
        return self._of(self._order[:, start : start + self._batch])

    def keep(self, rows: Tensor) -> None:
        """Go on with some runs."""
        self._members = [self._members[row] for row in rows.tolist()]
        self._rows, self._test = self._rows[rows], self._test[rows]
        self._epoch = -1
        self._prepare()

    def _prepare(self) -> None:
        self.train, self.test = self._of(self._rows), self._of(self._test)

    def _of(self, rows: Tensor) -> Prepared:
        return self._network.prepare(self._inputs[rows]), self._targets[rows]

    def _shuffle(self, epoch: int) -> None:
        """Every run's own order of an epoch: a function of its seed and the epoch, so a resumed run draws it too."""
        if epoch == self._epoch:
            return
        orders = []
        for member, rows in zip(self._members, self._rows, strict=True):
            generator = torch.Generator().manual_seed(derive_seed(member.seed, "epoch", epoch))
            orders.append(rows[torch.randperm(len(rows), generator=generator).to(rows.device)])
        self._epoch, self._order = epoch, torch.stack(orders)
