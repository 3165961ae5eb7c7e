"""`fold_dead`: a unit whose importance is nothing still gives a constant; it goes into the block's last statistics.

The released code drops such units with a warning where their shift is above 0; here removal changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.supernet.network import Supernet
from winnow.supernet.space import Architecture


def fold_dead(network: Supernet, alive: Mapping[str, Tensor], *, mask: Mapping[str, Tensor] | None = None) -> None:
    """Treat the importance of dead units as 0 and move what they still give into the statistics behind them.

    With importance 0 a unit gives relu(shift) at every pixel, and `project` a constant per output. In training mode
    `project_norm` subtracts it with the batch's mean, so nothing changes; in eval mode it is taken from the running
    mean. Then the dead units' importance and shift are exactly 0, so folding twice is folding once. In a block
    without a living unit, `project_norm` is brought to the form that an emptied block keeps: scale 1, variance 1 with
    `eps`, and as running mean what eval mode subtracts.

    Args:
        network: changed in place.
        alive: per block, bool [units].
        mask: of the weights that the network runs with, by name; None when nothing is pruned.
    """
    state = network.state_dict()
    changed = folded(state, network.architecture, alive, eps=network.norm.eps, mask=mask)
    with torch.no_grad():
        for name, tensor in changed.items():
            if tensor is not state[name]:
                state[name].copy_(tensor)


def folded(
    tensors: Mapping[str, Tensor],
    architecture: Architecture,
    alive: Mapping[str, Tensor],
    *,
    eps: float,
    mask: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The same for tensors by name, such as a moving average; nothing of a block is folded where its norms lack.

    Returns:
        All of the tensors, changed ones as new tensors.
    """
    found = dict(tensors)
    for place, widths in zip(architecture.places, architecture.widths, strict=True):
        block = f"blocks.{place.name}"
        living = alive.get(place.name)
        if living is None or not sum(widths) or living.all() or f"{block}.project_norm.running_mean" not in found:
            continue
        _fold_units(found, block, ~living, mask or {})
        if not living.any():
            _normalise(found, f"{block}.project_norm", eps)
    return found


def _fold_units(tensors: dict[str, Tensor], block: str, dead: Tensor, mask: Mapping[str, Tensor]) -> None:
    name, mean = f"{block}.project.weight", f"{block}.project_norm.running_mean"
    weight, shift = tensors[name].detach(), tensors[f"{block}.unit_norm.bias"].detach()
    dead = dead.to(weight.device)
    if name in mask:
        weight = weight * mask[name]
    constants = weight.flatten(1).double() @ (shift.relu() * dead).double()
    tensors[mean] = (tensors[mean].double() - constants).to(tensors[mean].dtype)
    for part in ("weight", "bias"):
        tensors[f"{block}.unit_norm.{part}"] = tensors[f"{block}.unit_norm.{part}"].detach().masked_fill(dead, 0)


def _normalise(tensors: dict[str, Tensor], norm: str, eps: float) -> None:
    """Scale and variance go into the running mean; behind a constant, training mode never sees either of them."""
    scale, mean, variance = (tensors[f"{norm}.{part}"].detach() for part in ("weight", "running_mean", "running_var"))
    tensors[f"{norm}.running_mean"] = scale * mean * torch.rsqrt(variance + eps)
    tensors[f"{norm}.weight"] = torch.ones_like(scale)
    tensors[f"{norm}.running_var"] = torch.full_like(variance, 1 - eps)
