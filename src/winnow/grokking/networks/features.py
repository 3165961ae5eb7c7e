"""The paper's MLP for examples that are numbers: polynomial regression and sparse parity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.networks.network import Weights, drawn


@dataclass(frozen=True)
class FeatureMlp:
    """ReLU(x E W_in) W_out W_unembed, no biases: `PairMlp` with numbers in place of token counts.

    The authors' code for polynomial regression keeps the 48 neurons and the width of 500 on both sides of them; for
    sparse parity there is no code, and this is the same network. The linear maps around the neurons are folded.

    Attributes:
        features: numbers of one example.
        outputs: classes, or values.
        width: of the linear layers around the neurons.
        hidden: neurons.
    """

    features: int
    outputs: int
    width: int = 500
    hidden: int = 48
    name: str = "mlp"

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See `Network.shapes`."""
        return {
            "embed": (self.features, self.width),
            "project_in": (self.width, self.hidden),
            "project_out": (self.hidden, self.width),
            "unembed": (self.width, self.outputs),
        }

    @property
    def prunable(self) -> tuple[str, ...]:
        """All four matrices."""
        return tuple(self.shapes)

    def start(self, generator: torch.Generator, scale: float = 1.0) -> dict[str, Tensor]:
        """See `Network.start`."""
        return drawn(self.shapes, generator, scale)

    def prepare(self, inputs: Tensor) -> Tensor:
        """See `Network.prepare`."""
        return inputs

    def outputs_of(self, weights: Weights, prepared: Tensor) -> Tensor:
        """See `Network.outputs_of`."""
        hidden = torch.bmm(prepared, torch.bmm(weights["embed"], weights["project_in"])).relu()
        return torch.bmm(hidden, torch.bmm(weights["project_out"], weights["unembed"]))

    def plain(self, weights: Weights, inputs: Tensor) -> Tensor:
        """See `Network.plain`."""
        hidden = torch.relu(inputs @ weights["embed"] @ weights["project_in"])
        return hidden @ weights["project_out"] @ weights["unembed"]
