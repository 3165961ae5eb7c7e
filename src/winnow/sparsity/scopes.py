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


def erk(layers: Sequence[Layer], densities: Mapping[str, float]) -> list[Pool]:
    """Every layer on its own, its density in proportion to (sum of its dimensions) / (product of them).

    The Erdos-Renyi-kernel rule of Evci et al. (2020, "RigL", section 3): small layers stay denser. Layers that would
    need more than all of their weights stay whole, and the others share what is left. The total is what the layers
    would keep on their own, to the weight.
    """
    rest = [layer for layer in layers if densities[layer.name] < 1]
    keep = round_half_up(sum(layer.weights * densities[layer.name] for layer in rest))
    shares = _erk_shares(rest, keep)
    counts = {layer.name: layer.weights for layer in layers} | _whole_counts(shares, keep)
    return [Pool((layer.name,), counts[layer.name]) for layer in layers]


def _erk_shares(layers: Sequence[Layer], keep: int) -> dict[str, float]:
    """Weights per layer, as fractions; none above the layer's own count."""
    whole: dict[str, float] = {}
    while True:
        rest = [layer for layer in layers if layer.name not in whole]
        # density ~ sum / product, and the product is the layer's count: so its share of weights goes with the sum.
        total = sum(sum(layer.shape) for layer in rest)
        left = keep - sum(whole.values())
        shares = {layer.name: left * sum(layer.shape) / total for layer in rest}
        full = {layer.name: float(layer.weights) for layer in rest if shares[layer.name] > layer.weights}
        if not full:
            return {**whole, **shares}
        whole |= full


def _whole_counts(shares: Mapping[str, float], keep: int) -> dict[str, int]:
    """Shares rounded down, and one more for the largest remainders until the sum is `keep`."""
    counts = {name: math.floor(share + 1e-9) for name, share in shares.items()}
    by_remainder = sorted(shares, key=lambda name: counts[name] - shares[name])
    for name in by_remainder[: keep - sum(counts.values())]:
        counts[name] += 1
    return counts


SCOPES: dict[str, Scope] = {"layer": by_layer, "global": over_all, "erk": erk}


def scope_named(name: str) -> Scope:
    """The scope of that name.

    Raises:
        WinnowError: WN-R02 when there is none.
    """
    return chosen(SCOPES, name, "pruning scope", "WN-R02")
