"""A module's tensors by name: parameters (a tied one once) and persistent buffers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from winnow.core import WinnowError


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Copies of the parameters and persistent buffers; no tensor of the result is shared with the module."""
    return {name: t.detach().clone() for name, t in _named(module).items()}


def _named(module: nn.Module) -> dict[str, Tensor]:
    persistent = module.state_dict(keep_vars=True).keys()
    buffers = {name: b for name, b in module.named_buffers() if name in persistent}
    return {**dict(module.named_parameters()), **buffers}


@torch.no_grad()
def load_into(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy tensors into the module's parameters and buffers in place: all of them, or, on an error, none.

    Raises:
        WinnowError: WN-M02 when names or shapes do not fit.
    """
    own = _named(module)
    unknown = [name for name, t in tensors.items() if name not in own or own[name].shape != t.shape]
    wrong = unknown or [name for name in _first_names(own) if name not in tensors]
    if wrong:
        raise WinnowError(
            "WN-M02",
            f"the network and the file differ in {len(wrong)} tensors, the first of them here",
            where=wrong[0],
            fix="Build the network with the arguments that the ticket names.",
        )
    for name, tensor in tensors.items():
        own[name].copy_(tensor)


def untied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of the tensors, without second names of the same memory (as `state_dict` gives them for tied weights)."""
    return {name: tensors[name].detach().clone() for name in _first_names(tensors)}


def _first_names(tensors: Mapping[str, Tensor]) -> list[str]:
    """One name per place in memory, the first."""
    places: dict[object, str] = {}
    for name, tensor in tensors.items():
        place = (tensor.data_ptr(), tensor.shape, tensor.stride()) if tensor.numel() else name
        places.setdefault(place, name)
    return list(places.values())
