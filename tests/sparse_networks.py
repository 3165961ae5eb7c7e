# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false
"""Networks for tests of training on stored weights. No biases before BatchNorm: their gradient is rounding noise."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks import TwoTails


def chain(activation: Callable[[], nn.Module]) -> nn.Sequential:
    """For images of 16 numbers."""
    hidden = [nn.Linear(16, 30), activation(), nn.Linear(30, 12), activation()]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(12, 3))


def lenet() -> nn.Sequential:
    return chain(nn.ReLU)


def tanh() -> nn.Sequential:
    return chain(nn.Tanh)


def sigmoid() -> nn.Sequential:
    return chain(nn.Sigmoid)


def conv_pool() -> nn.Sequential:
    """For images (2, 8, 8)."""
    features = [nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 5, 2), nn.Tanh()]
    return nn.Sequential(*features, nn.AvgPool2d(2, 1), nn.Flatten(), nn.Linear(5 * 4, 7), nn.ReLU(), nn.Linear(7, 3))


def norm_chain() -> nn.Sequential:
    """For images of 16 numbers."""
    hidden = [nn.Linear(16, 20, bias=False), nn.BatchNorm1d(20), nn.Tanh(), nn.Linear(20, 12, bias=False)]
    return nn.Sequential(nn.Flatten(), *hidden, nn.BatchNorm1d(12, momentum=None), nn.ReLU(), nn.Linear(12, 3))


class Shortcuts(nn.Module):
    """Blocks with and without a projection, a depthwise convolution, sums of three; for images (2, 8, 8).

    torch's own backward pass overruns its memory where a 1 x 1 convolution with a stride reads fewer than 8 channels
    last (oneDNN 3.12, its issue 6035): the projection here reads 16.
    """

    def __init__(self, wide: int = 16) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, wide, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(wide)
        self.a1, self.a2 = nn.Conv2d(wide, 8, 3, 2, 1, bias=False), nn.Conv2d(8, 8, 3, 1, 1, bias=False)
        self.a1_norm, self.a2_norm = nn.BatchNorm2d(8), nn.BatchNorm2d(8, momentum=None)
        self.shortcut, self.shortcut_norm = nn.Conv2d(wide, 8, 1, 2, bias=False), nn.BatchNorm2d(8, affine=False)
        self.depth = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.last = nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = torch.relu(self.stem_norm(self.stem(images)))
        inner = self.a2_norm(self.a2(torch.relu(self.a1_norm(self.a1(x)))))
        x = torch.relu(inner + self.shortcut_norm(self.shortcut(x)))
        x = x + torch.tanh(self.depth(x)) + self.last(x)
        return self.head(F.adaptive_avg_pool2d(torch.relu(x), 1).flatten(1))


# Name to builder, the images' shape, density of the masks.
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int], float]] = {
    "LeNet": (lenet, (1, 4, 4), 0.3),
    "tanh": (tanh, (1, 4, 4), 0.3),
    "sigmoid": (sigmoid, (1, 4, 4), 0.3),
    "convolutions and pools": (conv_pool, (2, 8, 8), 0.5),
    "norms of units": (norm_chain, (1, 4, 4), 0.7),
    "shortcuts": (Shortcuts, (2, 8, 8), 0.7),
}


def after_flattening(layer: nn.Module) -> nn.Sequential:
    """For images (2, 5, 5): a layer that reads flattened planes as units."""
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), layer, nn.Linear(27, 3))


def without_count() -> nn.Sequential:
    """torch allows a BatchNorm whose batches are not counted."""
    built = norm_chain()
    built[2].num_batches_tracked = None
    return built


# What is easily mistaken: name to builder and the images' shape. Each must be right or refused.
ODD_ENDS: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int]]] = {
    "activation of flattened planes": (lambda: after_flattening(nn.Tanh()), (2, 5, 5)),
    "norm of flattened planes": (lambda: after_flattening(nn.BatchNorm1d(27)), (2, 5, 5)),
    "norm of flattened images": (lambda: nn.Sequential(nn.Flatten(), nn.BatchNorm1d(50), nn.Linear(50, 3)), (2, 5, 5)),
    "kernel of a group as large as its planes": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Conv2d(4, 4, 3, groups=4), nn.Flatten()),
        (2, 5, 5),
    ),
    "one-pixel groups": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 5), nn.Tanh(), nn.Conv2d(4, 6, 1, groups=2), nn.Flatten()),
        (2, 5, 5),
    ),
    "double precision": (lambda: norm_chain().double(), (1, 4, 4)),
    "sum of flattened planes and units": (TwoTails, (1, 6, 6)),
    "planes for an output": (lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten()), (2, 5, 5)),
    "norm that counts no batches": (without_count, (1, 4, 4)),
}
