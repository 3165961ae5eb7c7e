"""Egalitarian gradient descent: every direction at one speed (Saheb Pasand and Dohmatob 2025, arXiv 2510.04930)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from winnow.grokking.accelerators.matrices import (
    EXACT,
    STEEP,
    equalised,
    frobenius,
    hidden_matrices,
    matrices,
    slope,
)
from winnow.grokking.accelerators.stateless import Stateless
from winnow.grokking.stacks.space import Space

# Singular values from 3e-5 of the gradient's norm on end at 1 to the last digit. Below 4e-6 of it they fade: there is
# nothing but rounding in float32 (the gradient of 67 embeddings before 48 neurons has rank 48).
_STEPS = (STEEP,) * 8 + (EXACT,) * 4


@dataclass(frozen=True)
class Egalitarian(Stateless):
    """(G G^T)^(-1/2) G, the gradient G = U S V^T with all its singular values at 1: U V^T.

    The authors' code takes plain gradients once the test accuracy is above 0.95; nothing here looks at the test set.

    Attributes:
        inside: only matrices between embedding and unembedding, as in the authors' Transformer (of their MLP only the
            first matrix is changed); else every matrix, as in the paper's text.
        floor: singular values below fade as s / floor (authors' code: 1e-6).
        penalty: weight decay as half the squared weights in the loss, whose gradient is changed too, as in the authors'
            code: once the training loss is gone, every singular value of the weights shrinks at one speed.
    """

    inside: bool = False
    floor: float = 1e-6
    penalty: float = 1e-4

    @torch.no_grad()
    def change(self, space: Space) -> None:
        """See `GradientHook.change`."""
        space.flat_gradients.add_(space.flat, alpha=self.penalty)
        for name in hidden_matrices(space) if self.inside else matrices(space):
            gradients = space.gradients[name]
            norms = frobenius(gradients).clamp_min(self.floor * slope(_STEPS))
            gradients.copy_(equalised(gradients, norms, _STEPS))


@dataclass(frozen=True)
class ColumnEgalitarian(Stateless):
    """The paper's cheap form: every column of a gradient at length 1, a column being the weights into one neuron.

    Attributes:
        inside: see `Egalitarian`.
        floor: shorter columns fade as length / floor (authors' code: 0.01).
        penalty: see `Egalitarian`.
    """

    inside: bool = False
    floor: float = 0.01
    penalty: float = 1e-4

    @torch.no_grad()
    def change(self, space: Space) -> None:
        """See `GradientHook.change`."""
        space.flat_gradients.add_(space.flat, alpha=self.penalty)
        for name in hidden_matrices(space) if self.inside else matrices(space):
            gradients = space.gradients[name]
            gradients.div_(gradients.norm(dim=-2, keepdim=True).clamp_min(self.floor))
