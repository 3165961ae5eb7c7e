"""Scopes: which weights compete with each other, and how many of each pool remain."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from winnow.core import chosen
from winnow.sparsity.layers import Layer


@dataclass(frozen=True)
class Pool:
    """Tensors whose weights compete, and how many weights of the pool remain."""

    names: tuple[str, ...]
    keep: int


Scope = Callable[[Sequence[Layer], Mapping[str, float]], list[Pool]]


def round_half_up(value: float) -> int:
    """Nearest whole number; .5 goes up, whatever the parity. Float noise below 1e-9 is not a half."""
    return math.floor(value + 0.5 + 1e-9)


def by_layer(layers: Sequence[Layer], densities: Mapping[str, float]) -> list[Pool]:
    """Every layer on its own (the paper's fully-connected and Conv networks; also any densities per layer)."""
    return [Pool((layer.name,), round_half_up(layer.weights * densities[layer.name])) for layer in layers]


def over_all(layers: Sequence[Layer], densities: Mapping[str, float]) -> list[Pool]:
    """All layers that are pruned at all compete (the paper's VGG-19 and ResNet-18, section 4).

    Layers of density 1 stay whole, outside of the pool. The pool's size is what the layers would keep on their own.
    """
    whole = [layer for layer in layers if densities[layer.name] >= 1]
    rest = [layer for layer in layers if densities[layer.name] < 1]
    keep = round_half_up(sum(layer.weights * densities[layer.name] for layer in rest))
    pools = [Pool((layer.name,), layer.weights) for layer in whole]
    return [*pools, Pool(tuple(layer.name for layer in rest), keep)] if rest else pools


SCOPES: dict[str, Scope] = {"layer": by_layer, "global": over_all}


def scope_named(name: str) -> Scope:
    """The scope of that name.

    Raises:
        WinnowError: WN-R02 when there is none.
    """
    return chosen(SCOPES, name, "pruning scope", "WN-R02")
