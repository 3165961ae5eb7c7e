"""The FLOPs-aware L1 penalty on importances: its weights, its ramp, its gradient, and the proximal step instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from winnow.supernet.network import Supernet, importances, token_importances
from winnow.supernet.space import Architecture, costs_of, penalties
from winnow.supernet.space.costs import token_cost

# Operations on many tensors at once, which the type stubs of torch leave out.
_operations: Any = torch


def unit_penalties(architecture: Architecture) -> dict[str, Tensor]:
    """Block name to the penalty of each of its search units, float32 [units]; the mean over all units is 1.

    Source:
        You et al. 2022, section 3.2.
    """
    by_kernel = penalties(architecture)
    return {
        place.name: torch.tensor([p for n, p in zip(widths, by_kernel[place.name], strict=True) for _ in range(n)])
        for place, widths in zip(architecture.places, architecture.widths, strict=True)
        if any(widths)
    }


def token_penalties(architecture: Architecture) -> dict[str, float]:
    """Block name to the penalty of one of its tokens: what the last one costs, in the scale of the units' penalties.

    The path's cost is linear in the tokens but for attention, which is quadratic; so a token among many is dearer. The
    released code counts anew at each step; here the count changes when tokens are removed.
    """
    side, mean = architecture.space.token_side, _mean_unit_macs(architecture)
    return {
        place.name: (token_cost(place, tokens, side)[1] - token_cost(place, tokens - 1, side)[1]) / mean
        for place, tokens in zip(architecture.places, architecture.tokens, strict=True)
        if tokens
    }


def _mean_unit_macs(architecture: Architecture) -> float:
    pairs = zip(costs_of(architecture).blocks, architecture.widths, strict=True)
    total = sum(n * macs for cost, widths in pairs for n, macs in zip(widths, cost.unit_macs, strict=True))
    return total / max(architecture.units, 1) or 1.0


def ramp(step: int, steps: int, share: float) -> float:
    """The factor of the penalty at a step, counted from 0: from 0 up to 1 over the first `share` of the steps."""
    return min(1.0, step / (share * steps)) if share else 1.0


class Penalty:
    """The penalised importances of a network, and the weight of each entry.

    Args:
        network: it has units or none.
    """

    def __init__(self, network: Supernet) -> None:
        units, tokens = unit_penalties(network.architecture), token_penalties(network.architecture)
        pairs: list[tuple[nn.Parameter, Tensor]] = []
        pairs += [(gamma, units[name].to(gamma)) for name, gamma in importances(network).items() if gamma.numel()]
        pairs += [
            (gamma, torch.full_like(gamma, tokens[name], requires_grad=False))
            for name, gamma in token_importances(network).items()
            if gamma.numel()
        ]
        self._gammas: Sequence[nn.Parameter] = [gamma for gamma, _ in pairs]
        self._weights = [weight for _, weight in pairs]

    @torch.no_grad()
    def value(self) -> float:
        """The sum of penalty times |gamma|, without rho."""
        pairs = zip(self._gammas, self._weights, strict=True)
        return sum(float((gamma.abs() * weight).sum()) for gamma, weight in pairs)

    @torch.no_grad()
    def add_gradient(self, rho: float) -> None:
        """Add rho * penalty * sign(gamma) to the gradients that are there."""
        if not self._gammas or not rho:
            return
        slopes = _operations._foreach_sign(self._gammas)
        _operations._foreach_mul_(slopes, self._weights)
        _operations._foreach_add_([_gradient(gamma) for gamma in self._gammas], slopes, alpha=rho)

    @torch.no_grad()
    def shrink(self, amount: float) -> None:
        """Move every gamma towards 0 by amount * penalty, and no further: the proximal step of the L1 term.

        Args:
            amount: learning rate times rho.
        """
        if not self._gammas or not amount:
            return
        most = _operations._foreach_mul(self._weights, amount)
        moves = _operations._foreach_minimum(self._gammas, most)
        _operations._foreach_maximum_(moves, _operations._foreach_neg(most))
        _operations._foreach_sub_(self._gammas, moves)


def _gradient(gamma: nn.Parameter) -> Tensor:
    if gamma.grad is None:
        gamma.grad = torch.zeros_like(gamma)
    return gamma.grad
