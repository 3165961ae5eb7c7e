"""A module's tensors by name: parameters (a tied one once) and persistent buffers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from winnow.core import WinnowError


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Copies of the parameters and persistent buffers; no tensor of the result is shared with the module."""
    persistent = module.state_dict(keep_vars=True).keys()
    buffers = {name: b for name, b in module.named_buffers() if name in persistent}
    named = {**dict(module.named_parameters()), **buffers}
    return {name: t.detach().clone() for name, t in named.items()}


@torch.no_grad()
def load_into(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy tensors into the module's parameters and buffers in place.

    Raises:
        WinnowError: WN-M02 when names or shapes do not fit.
    """
    own = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    for name, tensor in tensors.items():
        if name not in own or own[name].shape != tensor.shape:
            raise WinnowError(
                "WN-M02",
                "the network has no tensor of this name and shape",
                where=f"{name} {tuple(tensor.shape)}",
                fix="Build the network with the arguments that the ticket names.",
            )
        own[name].copy_(tensor)
