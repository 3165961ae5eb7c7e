"""The moving average of all of a network's tensors, BatchNorm's statistics with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

# Operations on many tensors at once, which the type stubs of torch leave out.
_operations: Any = torch


def decay_at(step: int, decay: float) -> float:
    """The decay at a step, counted from 0: small at first, so that a short run does not keep its beginning."""
    return min(decay, (1 + step) / (10 + step))


class Averaging:
    """Keeps an average up with a network.

    Args:
        average: tensors that are changed in place.
        current: the network's own tensors, by the same names.
    """

    def __init__(self, average: Mapping[str, Tensor], current: Mapping[str, Tensor]) -> None:
        floats = [name for name, tensor in average.items() if tensor.is_floating_point() and tensor.numel()]
        self._average, self._current = [average[n] for n in floats], [current[n].detach() for n in floats]
        self._counts = [(t, current[n]) for n, t in average.items() if not t.is_floating_point()]

    @torch.no_grad()
    def update(self, decay: float) -> None:
        """average <- decay * average + (1 - decay) * current; counts are copied."""
        _operations._foreach_lerp_(self._average, self._current, 1 - decay)
        for average, current in self._counts:
            average.copy_(current)
