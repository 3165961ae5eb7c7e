"""Orthogonal gradients: no step along the weights, which only scales logits (Prieto et al. 2025, arXiv 2501.04697)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from winnow.grokking.accelerators.stateless import Stateless
from winnow.grokking.stacks.space import Space

# A gradient that lies along its weights to the rounding of float32 leaves noise behind, not a direction.
_ROUNDING = 1e-7


@dataclass(frozen=True)
class Orthogonal(Stateless):
    """Of every tensor's gradient g, what is orthogonal to its weights w, scaled back to the length of g.

    g - (w.g / w.w) w is the paper's projection; the length and the tensor by tensor treatment are those of
    the authors' code.
    """

    @torch.no_grad()
    def change(self, space: Space) -> None:
        """See `GradientHook.change`."""
        for name, gradients in space.gradients.items():
            # float64: late in training most of g is along w, and the difference is of nearly equal numbers.
            weights, along = space.weights[name].flatten(1).double(), gradients.flatten(1).double()
            squares = weights.square().sum(1, keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)
            across = along - (weights * along).sum(1, keepdim=True) / squares * weights
            before, after = along.norm(dim=1, keepdim=True), across.norm(dim=1, keepdim=True)
            scale = torch.where(after > _ROUNDING * before, before / after, 0.0)
            gradients.copy_((across * scale).view_as(gradients))
