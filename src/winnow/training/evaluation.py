"""Loss and accuracy of all networks of a stack on a whole split."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from winnow.data import Split
from winnow.training.engines import Engine
from winnow.training.losses import Loss

# Activations of a chunk stay in the cache of one core.
_CHUNK = 1000


class Scores(NamedTuple):
    """Per network: mean loss and fraction of right answers."""

    loss: list[float]
    accuracy: list[float]


@torch.no_grad()
def evaluate(engine: Engine, split: Split, loss: Loss) -> Scores:
    """Evaluate in chunks; sums in float64, so that the chunk size does not show."""
    losses: list[Tensor] = []
    right: list[Tensor] = []
    for inputs, labels in zip(split.inputs.split(_CHUNK), split.labels.split(_CHUNK), strict=True):
        logits = engine.logits(inputs)
        shared = labels.expand(logits.shape[0], -1)
        losses.append(loss.values(logits, shared).double().sum(-1))
        right.append((logits.argmax(-1) == shared).double().sum(-1))
    count = len(split)
    return Scores(
        (torch.stack(losses).sum(0) / count).tolist(),
        (torch.stack(right).sum(0) / count).tolist(),
    )
