"""Networks and members that several tests use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from winnow.sparsity import Mask, prunable_layers, tensors_of, weights_of
from winnow.training import Member


def small_chain() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 20), nn.ReLU(), nn.Linear(20, 12), nn.Tanh(), nn.Linear(12, 3))


class SmallConv(nn.Module):
    """A convolution with BatchNorm, a residual sum and dropout: what no plain chain has."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        # No bias: BatchNorm takes it out again, and Adam would amplify the rounding noise of its zero gradient.
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(6, 3)

    def forward(self, images: Tensor) -> Tensor:
        first = torch.relu(self.norm(self.conv1(images)))
        second = torch.relu(self.conv2(first)) + first
        return self.head(self.dropout(second.mean((2, 3))))


def members(
    build: Callable[[], nn.Module],
    count: int,
    *,
    density: float = 0.4,
    rates: Sequence[float] | None = None,
    first_step: int = 0,
) -> tuple[nn.Module, list[Member]]:
    """`count` members with their own start, mask and order."""
    made = []
    module = build()
    for replicate in range(count):
        torch.manual_seed(100 + replicate)
        module = build()
        tensors = tensors_of(module)
        weights = weights_of(tensors, prunable_layers(module))
        mask = Mask({name: torch.rand(w.shape) < density for name, w in weights.items()})
        made.append(
            Member(
                branch="ticket",
                replicate=replicate,
                start=tensors,
                mask=mask,
                order_seed=replicate,
                noise_seed=replicate,
                learning_rate=rates[replicate] if rates else None,
                first_step=first_step,
            )
        )
    return module, made
