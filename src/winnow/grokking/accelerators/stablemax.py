"""StableMax: cross-entropy without exponentials, so no logit is absorbed (Prieto et al. 2025, arXiv 2501.04697)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.stacks.losses import Classes


@dataclass(frozen=True)
class StableMax(Classes):
    """-log(s(x_y) / sum of s(x)), s(x) = x + 1 from 0 on and 1 / (1 - x) below, in float64."""

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.values`."""
        logits = outputs.double()
        right = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
        # log s(x) is odd: log(1 + x) from 0 on, -log(1 - x) below.
        return (_scores(logits).sum(-1).log() - right.sign() * right.abs().log1p()).mean(-1)

    def gradient(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.gradient`: s'(x) / sum of s, less s'(x_y) / s(x_y) at the target."""
        logits = outputs.double()
        scores = _scores(logits)
        gradient = torch.where(logits < 0, scores.square(), 1.0)
        places = targets.unsqueeze(-1)
        at_target = gradient.gather(-1, places) / scores.gather(-1, places)
        gradient = gradient.div_(scores.sum(-1, keepdim=True)).scatter_add_(-1, places, -at_target)
        return gradient.div_(outputs.shape[1]).to(outputs.dtype)


def _scores(logits: Tensor) -> Tensor:
    """s(x)."""
    upper = logits.abs() + 1
    return torch.where(logits < 0, 1 / upper, upper)
