"""A task: every example there is, and which of them a run may train on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from winnow.core import WinnowError


@dataclass(frozen=True)
class Split:
    """Rows of a task to train on and to test on.

    Attributes:
        train: int64 [n_train], rows of `Task.inputs`.
        test: int64 [n_test]; none of them in `train`.
    """

    train: Tensor
    test: Tensor

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) of the sorted training rows and the sorted test rows: the split's identity."""
        summary = hashlib.sha256()
        for rows in (self.train, self.test):
            summary.update(rows.sort().values.cpu().numpy().astype("<i8").tobytes() + b"|")
        return summary.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Task:
    """All examples of a task.

    Attributes:
        name: as `task_named` knows it, such as "add-67".
        inputs: int64 [n, arity] tokens, or float32 [n, features].
        targets: int64 [n] classes, or float32 [n, outputs] values.
        outputs: how many classes, or how many values.
        tokens: size of the vocabulary; None for float inputs.
        train_count: training rows a split draws; None where the recipe's fraction of all rows decides.
        test_rows: int64 rows that are the test set of every split and that no split trains on; None: all others.
    """

    name: str
    inputs: Tensor
    targets: Tensor
    outputs: int
    tokens: int | None = None
    train_count: int | None = None
    test_rows: Tensor | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def is_classification(self) -> bool:
        """Whether the targets are classes."""
        return not self.targets.is_floating_point()

    def split(self, fraction: float, seed: int) -> Split:
        """A random split: the same seed gives the same rows on every machine.

        Args:
            fraction: share of the rows to train on, rounded down; without effect where the task names a count.
            seed: of the shuffle.

        Raises:
            WinnowError: WN-D06 when a side would be empty.
        """
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        if self.test_rows is not None:
            held = torch.zeros(len(self), dtype=torch.bool)
            held[self.test_rows] = True
            order = order[~held[order]]
        count = int(fraction * len(self)) if self.train_count is None else self.train_count
        rest = order[count:] if self.test_rows is None else self.test_rows
        if not 0 < count <= len(order) or len(rest) == 0:
            raise WinnowError("WN-D06", f"{count} of {len(order)} rows to train on leave a side empty", where=self.name)
        return Split(order[:count], rest)
