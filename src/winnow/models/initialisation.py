"""How new networks draw their weights."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def glorot_normal_(module: Network) -> Network:
    """Draw every linear and convolution weight from Glorot's normal distribution, in layer order; biases become 0."""
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module
