"""Making supernets: drawn by a seed, from a manifest, or around tensors that are there already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from winnow.core import WinnowError, derive_seed
from winnow.supernet.network.model import Supernet
from winnow.supernet.network.norms import Norm
from winnow.supernet.network.tokens import TokenPath
from winnow.supernet.space import Architecture


def build(architecture: Architecture, seed: int, *, norm: Norm | None = None, dropout: float = 0.0) -> Supernet:
    """A new network on the CPU.

    Convolutions are drawn from He's normal distribution by fan-out (all channels that are written times the kernel's
    area, whatever the groups, as torch counts), linear layers by their inputs with gain 1, learned queries from the
    standard normal distribution, and the classifier narrowly, so that it starts without an opinion;
    scales are 1 and shifts 0. Each tensor's numbers follow from the seed, its name and its shape alone: two tasks
    start with the same trunk. Torch's global generator is not touched.
    """
    network = _made(architecture, norm, dropout)
    for name, module in network.named_modules():
        _start(module, name, seed)
    return network


def supernet(architecture: Mapping[str, Any]) -> Supernet:
    """The builder that a ticket's manifest names, from `Architecture.to_plain`'s form; drawn by seed 0.

    Raises:
        WinnowError: WN-S03 when it describes no architecture, WN-M02 when it cannot be built.
    """
    return build(Architecture.from_plain(architecture), 0)


def assembled(
    architecture: Architecture, tensors: Mapping[str, Tensor], *, norm: Norm | None = None, dropout: float = 0.0
) -> Supernet:
    """A network around these very tensors: they are not copied, and parameters stay where they are.

    Raises:
        WinnowError: WN-M02 when names or shapes are not the architecture's.
    """
    network = _made(architecture, norm, dropout)
    try:
        network.load_state_dict(dict(tensors), assign=True)
    except RuntimeError as error:
        raise WinnowError("WN-M02", f"these are not the architecture's tensors: {error}") from error
    return network


def _made(architecture: Architecture, norm: Norm | None, dropout: float) -> Supernet:
    """With whatever torch's modules start with, and the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        return Supernet(architecture, norm=norm, dropout=dropout)


def _start(module: nn.Module, name: str, seed: int) -> None:
    """The module's own tensors, not those of modules in it."""
    if name == "classifier" and isinstance(module, (nn.Conv2d, nn.Linear)):
        _draw(module.weight, seed, f"{name}.weight", 0.01)
    elif isinstance(module, nn.Linear):
        _draw(module.weight, seed, f"{name}.weight", module.in_features**-0.5)
    elif isinstance(module, nn.Conv2d):
        writes = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
        _draw(module.weight, seed, f"{name}.weight", (2 / writes) ** 0.5)
    elif isinstance(module, TokenPath):
        _draw(module.queries, seed, f"{name}.queries", 1.0)
    if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
        nn.init.zeros_(module.bias)


def _draw(weight: Tensor, seed: int, name: str, deviation: float) -> None:
    generator = torch.Generator().manual_seed(derive_seed(seed, "supernet", name))
    with torch.no_grad():
        weight.normal_(0, deviation, generator=generator)
