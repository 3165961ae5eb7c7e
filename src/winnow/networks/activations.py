"""Element-wise functions by name, with the options each takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# Name to function and the defaults of its options. Every one works on each element alone: compaction relies on it.
ACTIVATIONS: dict[str, tuple[Callable[..., Tensor], dict[str, Any]]] = {
    "relu": (F.relu, {}),
    "relu6": (F.relu6, {}),
    "leaky_relu": (F.leaky_relu, {"negative_slope": 0.01}),
    "elu": (F.elu, {"alpha": 1.0}),
    "selu": (F.selu, {}),
    "gelu": (F.gelu, {"approximate": "none"}),
    "silu": (F.silu, {}),
    "mish": (F.mish, {}),
    "hardswish": (F.hardswish, {}),
    "hardsigmoid": (F.hardsigmoid, {}),
    "sigmoid": (torch.sigmoid, {}),
    "tanh": (torch.tanh, {}),
}


def activate(values: Tensor, options: Mapping[str, Any]) -> Tensor:
    """The function `options["function"]` of every element, with the other options as its arguments."""
    function, _ = ACTIVATIONS[options["function"]]
    return function(values, **{name: value for name, value in options.items() if name != "function"})
