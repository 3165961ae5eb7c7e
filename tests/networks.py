"""Small networks of every construction that graphs know, and random tensors for them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS: tuple[Callable[[], nn.Module], ...] = (
    nn.ReLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.ReLU6,
    nn.Hardswish,
    nn.GELU,
    nn.SiLU,
    lambda: nn.LeakyReLU(0.2),
    lambda: nn.ELU(0.5),
    nn.Identity,
)


def linear_chain(
    widths: tuple[int, ...], activation: Callable[[], nn.Module] = nn.ReLU, *, norm: bool = False, bias: bool = True
) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for taken, given in itertools.pairwise(widths[:-1]):
        layers.append(nn.Linear(taken, given, bias=bias))
        if norm:
            layers.append(nn.BatchNorm1d(given))
        layers += [activation(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(*widths[-2:], bias=bias))


def conv_chain(
    padding: int, pool: nn.Module, activation: Callable[[], nn.Module] = nn.ReLU, *, bias: bool = True
) -> nn.Sequential:
    """For images (2, 12, 12)."""
    features = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=padding, bias=bias),
        activation(),
        pool,
        nn.Sequential(nn.Conv2d(6, 7, 3, padding=padding, dilation=1, bias=bias), nn.BatchNorm2d(7), activation()),
        nn.Conv2d(7, 5, (2, 1), stride=(1, 2), bias=bias),
        activation(),
        nn.Flatten(),
    )
    with torch.no_grad():
        flat = features.eval()(torch.zeros(1, 2, 12, 12)).shape[1]
    return nn.Sequential(features.train(), nn.Linear(flat, 9, bias=bias), activation(), nn.Linear(9, 3))


class Residual(nn.Module):
    """Two blocks, one with a projection and one without, then a pooled head; for images (2, 8, 8)."""

    def __init__(self, activation: Callable[[], nn.Module] = nn.ReLU, *, padding: int = 1, bias: bool = False) -> None:
        super().__init__()
        size = 2 * padding + 1
        self.stem = nn.Conv2d(2, 5, size, padding=padding, bias=bias)
        self.stem_norm = nn.BatchNorm2d(5)
        self.act = activation()
        self.a1 = nn.Conv2d(5, 6, size, stride=2, padding=padding, bias=bias)
        self.a1_norm = nn.BatchNorm2d(6)
        self.a2 = nn.Conv2d(6, 6, size, padding=padding, bias=bias)
        self.a2_norm = nn.BatchNorm2d(6)
        self.shortcut = nn.Sequential(nn.Conv2d(5, 6, 1, stride=2, bias=bias), nn.BatchNorm2d(6))
        self.b1 = nn.Conv2d(6, 4, size, padding=padding, bias=bias)
        self.b2 = nn.Conv2d(4, 6, size, padding=padding, bias=bias)
        self.b2_norm = nn.BatchNorm2d(6, affine=False)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.head = nn.Linear(24, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = self.act(self.stem_norm(self.stem(images)))
        inner = self.a2_norm(self.a2(self.act(self.a1_norm(self.a1(x)))))
        inner += self.shortcut(x)
        x = torch.relu(inner)
        x = self.act(torch.add(x, self.b2_norm(self.b2(F.relu(self.b1(x))))))
        x = F.dropout(self.pool(x), 0.2, self.training)
        return self.head(x.view(x.size(0), -1))


class Separable(nn.Module):
    """Depthwise (two filters to a channel), grouped and pointwise convolutions; for images (3, 9, 9)."""

    def __init__(self, *, padding: int = 1, grouped: bool = False) -> None:
        super().__init__()
        self.expand = nn.Conv2d(3, 6, 1)
        self.depth = nn.Conv2d(6, 12, 3, padding=padding, groups=6)
        self.norm = nn.BatchNorm2d(12)
        self.project = nn.Conv2d(12, 4, 1, bias=False)
        self.depth2 = nn.Conv2d(4, 4, 3, padding="same", groups=2 if grouped else 4)
        self.head = nn.Linear(4, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = F.hardswish(self.expand(images))
        x = F.relu6(self.norm(self.depth(x)))
        x = self.project(x)
        x = F.avg_pool2d(x + self.depth2(x).relu(), 2)
        return self.head(x.mean((-2, -1)))


class TwoTails(nn.Module):
    """A sum of a flattened convolution and a linear layer, whose units couple in blocks; for images (1, 6, 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 5)
        self.side = nn.Linear(36, 12)
        self.head = nn.Linear(12, 2)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.tanh(self.conv(images).flatten(1) + self.side(torch.flatten(images, 1))))


def fill(module: nn.Module, seed: int) -> None:
    """Random weights, biases and BatchNorm statistics, none of them 0; large enough that signals survive."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            fan = max(tensor[0].numel(), 1) if tensor.dim() > 1 else 4
            tensor.copy_(noise.abs() + 0.3 if name.endswith("var") else noise * 2 / fan**0.5)


def prune_randomly(module: nn.Module, seed: int, density: float, dead: float) -> None:
    """Keep a fraction of the weights of each layer, of which some units and some inputs die whole."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() < 2:
                continue
            rest = (1,) * (parameter.dim() - 2)
            rows = torch.rand((parameter.shape[0], 1, *rest), generator=generator) >= dead
            columns = torch.rand((1, parameter.shape[1], *rest), generator=generator) >= dead
            parameter *= (torch.rand(parameter.shape, generator=generator) < density) & rows & columns
