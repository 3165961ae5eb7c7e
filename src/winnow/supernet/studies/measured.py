"""What a finished network is measured by: metrics on both splits, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from winnow.sparsity import Mask, multiply_adds
from winnow.supernet.network import Supernet
from winnow.supernet.space import costs_of
from winnow.supernet.studies.source import remaining

DRAWN, RETRAINED = "drawn", "retrained"


@dataclass(frozen=True)
class Measured:
    """One network at the end of its training.

    Attributes:
        row: "drawn" (after the pipeline's own steps) or "retrained" (after those that follow with everything frozen).
        steps: updates that it took in all.
        units: search units that are left.
        parameters: weights of the architecture, masked ones included; biases and norms are not counted.
        weights: of those, the ones that remain.
        sparsity: share of the maskable weights that is masked.
        macs: of one image, masked weights included.
        sparse_macs: of one image, the zeros of each layer left out.
        scaled_macs: MACs times the share of maskable weights that remain: the released code's count, wrong where
            layers differ.
        validation: measures on the validation images.
        test: the same on the test images, taken once, when all training was over; empty before that.
    """

    row: str
    steps: int
    units: int
    parameters: int
    weights: int
    sparsity: float
    macs: int
    sparse_macs: int
    scaled_macs: int
    validation: Mapping[str, float] = field(default_factory=dict)
    test: Mapping[str, float] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """As JSON holds it: what is no number is null."""
        plain = asdict(self)
        return {**plain, **{split: _nulls(plain[split]) for split in ("validation", "test")}}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Measured:
        """Read what `to_plain` gave; keys that this version does not know are left out."""
        known = {name: plain[name] for name in cls.__dataclass_fields__ if name in plain}
        return cls(**{**known, **{split: _numbers(plain[split]) for split in ("validation", "test")}})


def measured(
    row: str, steps: int, network: Supernet, mask: Mapping[str, Tensor], validation: Mapping[str, float]
) -> Measured:
    """The measurement of a network but for its test metrics.

    Args:
        row: see `Measured`.
        steps: see `Measured`.
        network: it runs once in eval mode on one image of zeros.
        mask: by maskable weight's name.
        validation: its measures.
    """
    architecture = network.architecture
    costs, own = costs_of(architecture), Mask(mask)
    return Measured(
        row=row,
        steps=steps,
        units=architecture.units,
        parameters=costs.parameters,
        weights=remaining(architecture, own),
        sparsity=1 - own.density,
        macs=costs.macs,
        sparse_macs=costs.macs - _masked_macs(network, own),
        scaled_macs=round(costs.macs * own.density),
        validation=dict(validation),
    )


def _masked_macs(network: Supernet, mask: Mask) -> int:
    """MACs of the masked weights; each weight of a convolution is used at every pixel that it writes."""
    device = next(network.parameters()).device
    counts = multiply_adds(network, torch.zeros(1, 3, *network.architecture.input_size, device=device))
    hidden = {name: part.numel() - int(part.sum()) for name, part in mask.items()}
    return sum(counts[name] // mask[name].numel() * count for name, count in hidden.items() if count)


def _nulls(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in values.items()}
