"""What is measured while a stack trains, as rows of the table of metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.storage import Metric
from winnow.training.plan import Member


class Records:
    """Rows of one training, and the sums that the next training mean is made of.

    Args:
        members: the networks, in the order of the stack.
        level: names the rows.
        device: where losses are summed up, so that no step waits for a number.
    """

    def __init__(self, members: Sequence[Member], level: int, device: torch.device) -> None:
        self._members, self._level = members, level
        self.rows: list[Metric] = []
        self._loss = torch.zeros(len(members), device=device)
        self._accuracy = torch.zeros_like(self._loss)
        self._steps = 0

    def step(self, loss: Tensor, accuracy: Tensor) -> None:
        """Add a step's losses [R] and accuracies [R] to the training mean."""
        self._loss += loss
        self._accuracy += accuracy
        self._steps += 1

    def training(self, step: int) -> None:
        """Record the training means since they were last recorded, if there was a step."""
        if self._steps:
            self.scores(step, "train", (self._loss / self._steps).tolist(), (self._accuracy / self._steps).tolist())
            self._loss.zero_()
            self._accuracy.zero_()
            self._steps = 0

    def scores(self, step: int, split: str, losses: Sequence[float], accuracies: Sequence[float]) -> None:
        """Record loss and accuracy of every network on a split.

        Raises:
            WinnowError: WN-T01 when a loss is not a number.
        """
        for member, loss, accuracy in zip(self._members, losses, accuracies, strict=True):
            if not math.isfinite(loss):
                raise WinnowError(
                    "WN-T01",
                    f"the {split} loss of {member.label} is {loss} at step {step} of level {self._level}",
                    fix="Lower --learning-rate, add --warmup, or look for broken values in the data.",
                )
            self._add(member, step, split, {"loss": loss, "accuracy": accuracy})

    def mask(self, row: int, step: int, values: Mapping[str, float]) -> None:
        """Record what is told of one network's mask."""
        self._add(self._members[row], step, "mask", values)

    def _add(self, member: Member, step: int, split: str, values: Mapping[str, float]) -> None:
        place = (member.replicate, member.branch, self._level, step, split)
        self.rows += [Metric(*place, name, value) for name, value in values.items()]
