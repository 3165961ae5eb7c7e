"""Exact choices: how many weights stay, and which of every run of a stack."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from winnow.core import WinnowError


def kept_count(total: int, rate: float) -> int:
    """How many of `total` weights stay: all but floor(rate * total), as in the authors' code.

    Float noise below 1e-9 does not count: 29 % of 100 weights are 29, though 0.29 * 100 is a little less in float64.

    Raises:
        WinnowError: WN-R02 when the rate is not in [0, 1).
    """
    if not 0 <= rate < 1:
        raise WinnowError("WN-R02", "a pruning rate must lie between 0 and 1", where=f"rate = {rate}")
    return total - min(math.floor(rate * total + 1e-9), total - 1)


class Chooser:
    """The `keep` highest |score| of one tensor in each of S runs: exact counts, the same on every machine.

    Of equal ones the earlier position goes first, as in `winnow.sparsity.prune`. All memory is taken once: with fresh
    pages at every step a choice took half as long again.

    Args:
        scores: float32 [S, *shape], of which only the shape and the device matter.
        keep: how many of every run's, at least 1.
    """

    def __init__(self, scores: Tensor, keep: int) -> None:
        flat = scores.flatten(1)
        self._place = flat.shape[1] - keep
        self._strength = torch.empty_like(flat)
        self._positions = torch.arange(flat.shape[1], device=scores.device)
        self._keys, self._ranked = (torch.empty_like(flat, dtype=torch.int64) for _ in range(2))
        self._mask = torch.empty(flat.shape, dtype=torch.bool, device=scores.device)

    @torch.no_grad()
    def chosen(self, scores: Tensor) -> Tensor:
        """The masks [S, *shape] of these scores; the next call writes over them."""
        torch.abs(scores.flatten(1), out=self._strength)
        # The bits of floats from 0 on are in the floats' order. With the position below them no two keys are equal, so
        # the threshold alone decides.
        self._keys.copy_(self._strength.view(torch.int32)).bitwise_left_shift_(32).bitwise_or_(self._positions)
        return torch.ge(self._keys, self._threshold(), out=self._mask).view(scores.shape)

    def _threshold(self) -> Tensor:
        """The lowest key that stays, [S, 1]."""
        if self._keys.device.type != "cpu":
            return self._keys.kthvalue(self._place + 1, dim=1, keepdim=True).values
        # A sixth of the time of torch's kthvalue on a CPU.
        self._ranked.copy_(self._keys).numpy().partition(self._place, axis=1)
        return self._ranked[:, self._place, None]
