"""What a network of these studies is: shapes, a start, and outputs of S copies at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


class Network(Protocol):
    """A network without weights of its own; every weight matrix acts from the right (`x @ W`, [in, out]).

    Stacked weights are [S, *shape]: one network a row, each with weights, split and mask of its own.
    """

    @property
    def name(self) -> str:
        """As `network_named` knows it."""
        ...

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every parameter's shape, from the input to the output."""
        ...

    @property
    def prunable(self) -> tuple[str, ...]:
        """The matrices that masks cover, embeddings among them; no biases and no norms."""
        ...

    def start(self, generator: torch.Generator, scale: float = 1.0) -> dict[str, Tensor]:
        """Fresh float32 weights; `scale` multiplies every matrix."""
        ...

    def prepare(self, inputs: Tensor) -> Any:
        """What `outputs_of` needs of the inputs [S, n, ...]; made once for inputs that stay."""
        ...

    def outputs_of(self, weights: Weights, prepared: Any) -> Tensor:
        """Logits or values [S, n, outputs] of stacked weights, in the weights' precision; differentiable."""
        ...

    def plain(self, weights: Weights, inputs: Tensor) -> Tensor:
        """The same of one network [n, outputs] from inputs [n, ...], as the paper writes it: the oracle of tests."""
        ...


def drawn(
    shapes: Mapping[str, tuple[int, ...]],
    generator: torch.Generator,
    scale: float = 1.0,
    fans: Mapping[str, int] | None = None,
) -> dict[str, Tensor]:
    """Matrices from N(0, scale / sqrt(inputs)), in the order of their names (Minegishi et al., section 3).

    Args:
        shapes: [in, out] of a matrix; [out] of a bias, which starts at 0.
        generator: of the draws.
        scale: kappa.
        fans: how many inputs a matrix counts, where it is not its first dimension.
    """
    deviations = {name: scale / math.sqrt((fans or {}).get(name, shape[0])) for name, shape in shapes.items()}
    return {
        name: torch.randn(shape, generator=generator) * deviations[name] if len(shape) > 1 else torch.zeros(shape)
        for name, shape in shapes.items()
    }


def matrices(shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The names of the matrices, in order."""
    return tuple(name for name, shape in shapes.items() if len(shape) > 1)


def parameters(network: Network) -> int:
    """How many weights the network has."""
    return sum(math.prod(shape) for shape in network.shapes.values())


def single(weights: Weights) -> dict[str, Tensor]:
    """One network's weights as a stack of one, [1, *shape]."""
    return {name: tensor.unsqueeze(0) for name, tensor in weights.items()}
