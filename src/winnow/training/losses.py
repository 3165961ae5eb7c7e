"""Losses over a stack: a value per network, and the gradient with respect to the logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from winnow.core import chosen


@dataclass(frozen=True)
class Loss:
    """One loss in the two forms that the engines need.

    Args:
        values: (logits [..., K], labels [...]) -> loss per example [...].
        gradient: the same arguments -> gradient of the mean over the last example axis, [..., B, K].
    """

    values: Callable[[Tensor, Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor], Tensor]


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    flat = F.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none")
    return flat.view(labels.shape)


def _cross_entropy_gradient(logits: Tensor, labels: Tensor) -> Tensor:
    gradient = torch.softmax(logits, -1)
    gradient.scatter_add_(-1, labels.unsqueeze(-1), gradient.new_full((1,), -1.0).expand(*labels.shape, 1))
    return gradient.div_(labels.shape[-1])


LOSSES: dict[str, Loss] = {"cross-entropy": Loss(_cross_entropy, _cross_entropy_gradient)}


def loss_named(name: str) -> Loss:
    """The loss of that name.

    Raises:
        WinnowError: WN-T03 when there is none.
    """
    return chosen(LOSSES, name, "loss", "WN-T03")
