"""Muon: momentum with its singular values made equal (Jordan et al. 2024); faster grokking by it: arXiv 2504.16041."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.accelerators.matrices import STEEP, equalised, frobenius, hidden_matrices
from winnow.grokking.stacks.rules import Rates
from winnow.grokking.stacks.space import Space

_EPSILON = 1e-7
_ADAM_EPSILON = 1e-8


@dataclass(frozen=True)
class Muon:
    """Nesterov momentum, five quintic steps towards U V^T, times sqrt(max(1, out / in)), with decoupled weight decay.

    It moves the matrices inside the network; embeddings, unembedding and vectors get AdamW, as its authors advise. The
    quintic steps run in float64 on small Gram matrices instead of bfloat16 on whole ones; the polynomials are the same.

    Attributes:
        momentum: of the average of gradients.
        adam_share: AdamW's learning rate as a share of the run's, which is Muon's (0.02 gives the paper's 1e-3).
        steps: quintic steps.
    """

    momentum: float = 0.95
    adam_share: float = 0.05
    steps: int = 5

    def __call__(self, space: Space, rates: Rates) -> MuonRule:
        """The update rule of a space."""
        return MuonRule(space, rates, self)


class MuonRule:
    """Muon's and AdamW's averages in the space's layout; see `UpdateRule`."""

    def __init__(self, space: Space, rates: Rates, settings: Muon) -> None:
        self._space, self._settings = space, settings
        self._count = torch.zeros((), dtype=torch.float64, device=space.device)
        self._first, self._second = space.like(), space.like()
        self._hidden = frozenset(hidden_matrices(space))
        self._set(rates)

    @torch.no_grad()
    def step(self) -> None:
        """See `UpdateRule.step`."""
        self._count += 1
        first, second = self._space.views(self._first), self._space.views(self._second)
        for name, weights in self._space.weights.items():
            gradients = self._space.gradients[name]
            ranks = (-1,) + (1,) * (weights.dim() - 1)
            learning, decay = self._learning.view(ranks), self._decay.view(ranks)
            if name in self._hidden:
                update = self._orthogonal(gradients, first[name])
            else:
                update = self._adaptive(gradients, first[name], second[name])
                learning = learning * self._settings.adam_share
            weights.mul_(1 - learning * decay).sub_(update * learning)

    def state(self) -> dict[str, Tensor]:
        """See `UpdateRule.state`."""
        return {"first": self._first, "second": self._second, "count": self._count}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `UpdateRule.load_state`."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def keep(self, rows: Tensor) -> None:
        """See `UpdateRule.keep`."""
        self._first, self._second = self._space.kept(self._first, rows), self._space.kept(self._second, rows)
        self._set(self._rates.kept(rows))

    def _set(self, rates: Rates) -> None:
        self._rates = rates
        self._learning = rates.learning.float().to(self._space.device)
        self._decay = rates.decay.float().to(self._space.device)

    def _orthogonal(self, gradients: Tensor, average: Tensor) -> Tensor:
        average.lerp_(gradients, 1 - self._settings.momentum)
        ahead = gradients.lerp(average, self._settings.momentum)
        update = equalised(ahead, frobenius(ahead) + _EPSILON, (STEEP,) * self._settings.steps)
        return update * max(1.0, update.shape[-1] / update.shape[-2]) ** 0.5

    def _adaptive(self, gradients: Tensor, first: Tensor, second: Tensor) -> Tensor:
        betas = self._rates.betas
        first.lerp_(gradients, 1 - betas[0])
        second.mul_(betas[1]).addcmul_(gradients, gradients, value=1 - betas[1])
        small, large = ((1 - torch.pow(beta, self._count)).float() for beta in betas)
        return (first / small) / ((second / large).sqrt_() + _ADAM_EPSILON)
