"""Masked supernets for the tests of what is made of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from supernet_networks import stirred
from winnow.supernet.network import Supernet, maskable
from winnow.supernet.space import Architecture, Space, Stage, dense_architecture

# A branch that grows from the other, a fusion, both heads: the least that has every kind of step but a row of blocks.
LEAST = Space(
    name="least",
    stem=(4,),
    stem_strides=(2,),
    stages=(Stage((0, 0), (4, 6)),),
    head_channels=(4, 6),
    class_features=6,
    dense_channels=5,
    expansion=1,
    kernels=(3, 5),
)


def least(task: str) -> Architecture:
    return dense_architecture(LEAST, task, 3, (8, 8))


def random_mask(network: Supernet, density: float, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {n: torch.rand(w.shape, generator=generator) < density for n, w in maskable(network).items()}


def partly_emptied(architecture: Architecture, seed: int) -> Architecture:
    """Other widths everywhere: some kernels gone, some blocks down to their shortcuts."""
    generator = torch.Generator().manual_seed(seed)

    def width(most: int) -> int:
        return int(torch.randint(0, most + 1, (), generator=generator))

    def empty() -> bool:
        return bool(torch.rand((), generator=generator) < 0.25)

    widths = [(0,) * len(most) if empty() else tuple(width(n) for n in most) for most in architecture.widths]
    return architecture.with_widths(widths, [width(n) for n in architecture.tokens])


def stirred_dead(architecture: Architecture, seed: int, dtype: torch.dtype = torch.float64) -> Supernet:
    """A stirred network in eval mode; some importances are exactly 0, some entered constants too."""
    network = stirred(architecture, seed, dtype).eval()
    generator = torch.Generator().manual_seed(seed + 2)
    with torch.no_grad():
        for name, module in network.named_modules():
            if isinstance(module, nn.BatchNorm2d) and name.endswith("unit_norm"):
                module.weight[torch.rand(module.weight.shape, generator=generator) < 0.2] = 0
    return network
