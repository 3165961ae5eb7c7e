"""A mask on a network's weights for as long as it computes; the values behind the mask are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

# Operations on many tensors at once, which the type stubs of torch leave out.
_operations: Any = torch


class Hidden:
    """Weights of which some are hidden while the network runs, and are there again after it.

    Tensors of which the mask keeps all are not touched, so a dense network costs nothing.

    Args:
        weights: the network's maskable weights by name.
        mask: boolean tensors by the same names, of the same shapes.
    """

    def __init__(self, weights: Mapping[str, nn.Parameter], mask: Mapping[str, Tensor]) -> None:
        partly = [name for name in weights if not bool(mask[name].all())]
        self._weights = [weights[name] for name in partly]
        self._masks = [mask[name].to(weight) for name, weight in zip(partly, self._weights, strict=True)]
        self._kept = [torch.empty_like(weight, requires_grad=False) for weight in self._weights]

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Within it masked weights are exactly 0."""
        if not self._weights:
            yield
            return
        with torch.no_grad():
            _operations._foreach_copy_(self._kept, self._weights)
            _operations._foreach_mul_(self._weights, self._masks)
        try:
            yield
        finally:
            with torch.no_grad():
                _operations._foreach_copy_(self._weights, self._kept)

    @torch.no_grad()
    def silence_gradients(self) -> None:
        """Set the gradient of masked weights to 0."""
        pairs = [(weight.grad, mask) for weight, mask in zip(self._weights, self._masks, strict=True)]
        gradients = [(gradient, mask) for gradient, mask in pairs if gradient is not None]
        if gradients:
            _operations._foreach_mul_([gradient for gradient, _ in gradients], [mask for _, mask in gradients])


def masked(tensors: Mapping[str, Tensor], mask: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with masked weights exactly 0."""
    return {name: tensor * mask[name].to(tensor) if name in mask else tensor for name, tensor in tensors.items()}
