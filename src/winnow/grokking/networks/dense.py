"""Fully-connected networks on numbers, such as 784-200-200-10 for MNIST (Liu et al. 2023, "Omnigrok")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from winnow.grokking.networks.network import Weights, drawn


@dataclass(frozen=True)
class Dense:
    """Linear layers without biases, ReLU between them; 198,800 weights at 784-200-200-10.

    Nothing can be folded here: every map has a nonlinearity behind it.

    Attributes:
        widths: of the inputs, the hidden layers and the outputs.
    """

    widths: tuple[int, ...]
    name: str = "dense-200"

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See `Network.shapes`."""
        return {f"layer{place}": pair for place, pair in enumerate(pairwise(self.widths))}

    @property
    def prunable(self) -> tuple[str, ...]:
        """All matrices."""
        return tuple(self.shapes)

    def start(self, generator: torch.Generator, scale: float = 1.0) -> dict[str, Tensor]:
        """See `Network.start`."""
        return drawn(self.shapes, generator, scale)

    def prepare(self, inputs: Tensor) -> Tensor:
        """See `Network.prepare`."""
        return inputs

    def outputs_of(self, weights: Weights, prepared: Tensor) -> Tensor:
        """See `Network.outputs_of`."""
        *before, last = (weights[name] for name in self.shapes)
        for matrix in before:
            prepared = torch.bmm(prepared, matrix).relu()
        return torch.bmm(prepared, last)

    def plain(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See `Network.plain`."""
        *before, last = (weights[name] for name in self.shapes)
        for matrix in before:
            inputs = torch.relu(inputs @ matrix)
        return inputs @ last
