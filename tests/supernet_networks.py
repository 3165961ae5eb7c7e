"""Small supernets that several tests use."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.supernet.network import SearchBlock, Supernet, build, search_blocks
from winnow.supernet.network.tokens import TokenPath
from winnow.supernet.space import Architecture, Space, Stage, costs_of, dense_architecture

# Two branches, every kind of block, odd numbers: a forward pass takes milliseconds.
MINUTE = Space(
    name="minute",
    stem=(4, 6),
    stem_strides=(2, 1),
    stages=(Stage((1,), (6,)), Stage((1, 1), (6, 9)), Stage((2, 1), (6, 9))),
    head_channels=(8, 10),
    class_features=12,
    dense_channels=7,
    expansion=1,
    tokens=3,
    token_side=2,
)


def minute(task: str = "segmentation", *, tokens: bool = True) -> Architecture:
    return dense_architecture(MINUTE if tokens else MINUTE.without_tokens(), task, 5, (14, 10))


def stirred(architecture: Architecture, seed: int = 0, dtype: torch.dtype = torch.float64) -> Supernet:
    """A network whose norms are as after some training: no scale is 1, no shift and no running mean is 0."""
    network = build(architecture, seed).to(dtype)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.dim() == 1 and tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=dtype) * 1.5 - 0.5)
            if name.endswith("running_var"):
                tensor.abs_().add_(0.3)
    return network


def images_for(architecture: Architecture, count: int = 3, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randn(count, 3, *architecture.input_size, generator=generator, dtype=dtype)


def zeroed(network: Supernet, alive: dict[str, Tensor]) -> Supernet:
    """The oracle of removal: dead units' scales are set to 0, in place; their shifts stay."""
    with torch.no_grad():
        for name, block in search_blocks(network).items():
            if name in alive:
                block.unit_norm.weight.mul_(alive[name])
    return network


def weights_in(network: Supernet) -> int:
    """What `costs_of` counts as parameters: all but biases and norms."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.dim() > 1)


def counted(network: Supernet) -> bool:
    return weights_in(network) == costs_of(network.architecture).parameters


def block_in(network: Supernet, name: str) -> SearchBlock:
    return search_blocks(network)[name]


def tokens_in(network: Supernet, name: str) -> TokenPath:
    path = block_in(network, name).tokens
    assert path is not None
    return path


def furthest(some: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> float:
    """The largest difference between tensors of the same names."""
    assert some.keys() == others.keys()
    return max((some[name] - others[name]).abs().max().item() for name in some)
