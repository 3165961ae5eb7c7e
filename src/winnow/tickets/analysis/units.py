"""Connectivity of units: how much of what goes in and out of each remains (Frankle & Carbin 2019, Appendix F.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from winnow.sparsity import Mask

QUANTILES = tuple(range(0, 101, 5))  # percent


@dataclass(frozen=True)
class Wiring:
    """How a weight tensor joins units: in how many groups, and whether inputs come first (transposed convolutions)."""

    groups: int = 1
    inputs_first: bool = False


def wirings(module: nn.Module | None) -> dict[str, Wiring]:
    """The wiring of every convolution, by the name of its weight; others are plain [outputs, inputs, ...]."""
    if module is None:
        return {}
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    layers = [layer for layer in module.modules() if isinstance(layer, nn.modules.conv._ConvNd)]
    return {names[id(c.weight)]: Wiring(c.groups, c.transposed) for c in layers if id(c.weight) in names}


def incoming(mask: Tensor, wiring: Wiring = Wiring()) -> Tensor:
    """Fraction of each unit's incoming connections that remain, float64 [outputs].

    A unit is a row of a linear layer or a channel of a convolution.

    Args:
        mask: bool, two or more dimensions.
        wiring: of the layer.
    """
    return _of_columns(mask, wiring.groups) if wiring.inputs_first else _of_rows(mask)


def outgoing(mask: Tensor, wiring: Wiring = Wiring()) -> Tensor:
    """Fraction of each input's outgoing connections that remain, float64 [inputs].

    An input is a unit of the layer before, a pixel, or a channel; each is read by the outputs of its own group only.

    Args:
        mask: bool, two or more dimensions.
        wiring: of the layer.
    """
    return _of_rows(mask) if wiring.inputs_first else _of_columns(mask, wiring.groups)


def _of_rows(mask: Tensor) -> Tensor:
    return mask.flatten(1).double().mean(1)


def _of_columns(mask: Tensor, groups: int) -> Tensor:
    grouped = mask.double().reshape(groups, mask.shape[0] // groups, mask.shape[1], -1)
    return grouped.mean((1, 3)).flatten()


def unit_rows(level: int, masks: Sequence[Mask], wired: Mapping[str, Wiring]) -> list[dict[str, Any]]:
    """Per replicate, layer and direction: quantiles over units of the percent of connections that remain."""
    rows = []
    for replicate, mask in enumerate(masks):
        for name, fractions in _directions(mask, wired).items():
            for direction, fraction in fractions.items():
                place = {"level": level, "replicate": replicate, "layer": name, "direction": direction}
                ranks = torch.tensor(QUANTILES, dtype=torch.float64) / 100
                values = (100 * fraction.quantile(ranks)).tolist()
                rows += [{**place, "quantile": q, "percent": v} for q, v in zip(QUANTILES, values, strict=True)]
    return rows


def layer_rows(level: int, masks: Sequence[Mask], wired: Mapping[str, Wiring]) -> list[dict[str, Any]]:
    """Per replicate and layer: density, and how many units have no incoming, how many inputs no outgoing connection."""
    rows = []
    for replicate, mask in enumerate(masks):
        densities = mask.densities()
        for name, fractions in _directions(mask, wired).items():
            into, out = fractions["incoming"], fractions["outgoing"]
            rows.append(
                {
                    "level": level,
                    "replicate": replicate,
                    "layer": name,
                    "density_percent": 100 * densities[name],
                    "units": len(into),
                    "units_without_incoming": int((into == 0).sum()),
                    "inputs": len(out),
                    "inputs_without_outgoing": int((out == 0).sum()),
                }
            )
    return rows


def _directions(mask: Mask, wired: Mapping[str, Wiring]) -> dict[str, dict[str, Tensor]]:
    """Fractions by layer and direction; a vector of weights joins nothing and is left out."""
    found = {}
    for name, tensor in mask.items():
        if tensor.dim() > 1 and tensor.numel():
            wiring = wired.get(name, Wiring())
            found[name] = {"incoming": incoming(tensor, wiring), "outgoing": outgoing(tensor, wiring)}
    return found
