"""What a mask saves, layer by layer: weights, true sparse MACs, and the count that the released code prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from winnow.supernet.network import Supernet, maskable
from winnow.supernet.space import Architecture, costs_of
from winnow.supernet.space.costs import halved

_FLOAT = 4


@dataclass(frozen=True)
class LayerCost:
    """One convolution, linear layer or token path.

    Args:
        name: of its weight; of a token path, the path's.
        maskable: whether it may be pruned.
        weights: how many there are.
        kept: how many the mask leaves; all where there is no mask.
        macs: of the dense layer for one image.
        sparse_macs: of the weights that are left: weights times the pixels that each is applied to.
        scaled_macs: dense MACs times the density of the whole network, as the released code counts; wrong for each
            layer whose own density is another.
        stored_bytes: one bit a weight and four bytes for each that is left; four for each where there is no mask.
    """

    name: str
    maskable: bool
    weights: int
    kept: int
    macs: int
    sparse_macs: int
    scaled_macs: float
    stored_bytes: int

    @property
    def density(self) -> float:
        """The fraction of its weights that is left."""
        return self.kept / max(self.weights, 1)

    def to_plain(self) -> dict[str, Any]:
        """As JSON and tables hold it."""
        return {**asdict(self), "density": self.density}


@dataclass(frozen=True)
class Accounting:
    """All layers in the order of the network.

    Args:
        layers: see `LayerCost`; dense MACs add up to `costs_of(architecture).macs`.
        density: of all weights that may be pruned.
    """

    layers: tuple[LayerCost, ...]
    density: float

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """A line for each layer that the mask leaves nothing of."""
        return tuple(
            f"{layer.name}: none of {layer.weights:,} weights is left" for layer in self.layers if layer.kept == 0
        )

    def summary(self) -> dict[str, Any]:
        """Totals as plain data."""
        names = ("weights", "kept", "macs", "sparse_macs", "scaled_macs", "stored_bytes")
        totals = {name: sum(getattr(layer, name) for layer in self.layers) for name in names}
        dense = _FLOAT * totals["weights"]
        return {**totals, "dense_bytes": dense, "density": self.density, "empty_layers": len(self.warnings)}


def accounting(architecture: Architecture, mask: Mapping[str, Tensor]) -> Accounting:
    """Count an architecture under a mask, for one image of its input size. Nothing is computed but shapes.

    Args:
        architecture: what search left.
        mask: True where a weight remains; a maskable weight without a mask keeps all.
    """
    with torch.device("meta"):
        network = Supernet(architecture)
    sizes = {name: weight.numel() for name, weight in maskable(network).items()}
    kept = {name: int(mask[name].sum()) if name in mask else size for name, size in sizes.items()}
    density = sum(kept.values()) / max(sum(sizes.values()), 1)
    return Accounting(tuple(_layers(network, kept, density)), density)


def _layers(network: Supernet, kept: Mapping[str, int], density: float) -> Iterator[LayerCost]:
    """In the order of the network's modules; a token path is one row."""
    architecture = network.architecture
    first = _stem_sizes(architecture)[-1]
    yield from _masked(network.stem, "stem", kept, density, _stem_pixels(architecture))
    for cost in costs_of(architecture).blocks:
        name, block = f"blocks.{cost.place.name}", network.blocks[cost.place.name]
        before = halved(first, cost.place.source)
        after = prod(halved(before, cost.place.stride - 1))
        yield from _masked(block, name, kept, density, {f"{name}.expand.weight": prod(before)}, after)
        if cost.tokens[0]:
            yield _whole(f"{name}.tokens", *cost.tokens, density)
    if network.final is not None:
        lowest = prod(halved(first, len(architecture.space.stages[-1].channels) - 1))
        yield from _masked(network.final, "final", kept, density, {}, lowest)
    weights = network.classifier.weight.numel()
    yield _whole("classifier.weight", weights, weights * (1 if network.final is not None else prod(first)), density)


def _masked(
    part: nn.Module, path: str, kept: Mapping[str, int], density: float, pixels: Mapping[str, int], usual: int = 0
) -> Iterator[LayerCost]:
    """Rows of a part's maskable weights; each is applied to its `pixels`, or else to the `usual` ones."""
    for inner, weight in part.named_parameters():
        name, weights = f"{path}.{inner}", weight.numel()
        if name in kept:
            places, left = pixels.get(name, usual), kept[name]
            stored = -(-weights // 8) + _FLOAT * left
            macs = weights * places
            yield LayerCost(name, True, weights, left, macs, left * places, density * macs, stored)


def _whole(name: str, weights: int, macs: int, density: float) -> LayerCost:
    """A row of what is never masked."""
    return LayerCost(name, False, weights, weights, macs, macs, density * macs, _FLOAT * weights)


def _stem_sizes(architecture: Architecture) -> list[tuple[int, int]]:
    """Height and width after each convolution of the stem."""
    height, width = architecture.input_size
    sizes = []
    for stride in architecture.space.stem_strides:
        height, width = -(-height // stride), -(-width // stride)
        sizes.append((height, width))
    return sizes


def _stem_pixels(architecture: Architecture) -> dict[str, int]:
    """Convolution, normalisation and ReLU take turns in the stem."""
    return {f"stem.{3 * i}.weight": prod(size) for i, size in enumerate(_stem_sizes(architecture))}
