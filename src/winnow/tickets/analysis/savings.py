"""Compression ratio and theoretical speed-up of a level's tickets, accuracy beside (Blalock et al. 2020, section 6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from winnow.core import WinnowError
from winnow.sparsity import Mask, compression, speed_up
from winnow.tickets.analysis.material import Material
from winnow.tickets.summary import LevelSummary


def saving_rows(
    material: Material, level: int, masks: Sequence[Mask], measured: LevelSummary | None
) -> list[dict[str, Any]]:
    """Per replicate: parameters that remain, compression ratio, speed-up and test accuracy; None where not known.

    Args:
        material: the run, with its network and counts of multiply-adds.
        level: whose tickets these are.
        masks: by replicate.
        measured: the ticket's summary at the level.
    """
    rows = []
    for replicate, mask in enumerate(masks):
        rows.append(
            {
                "level": level,
                "replicate": replicate,
                "density_percent": 100 * mask.density,
                **_parameters(material, mask),
                **_multiply_adds(material, mask),
                "test_accuracy_percent": _accuracy(measured, replicate),
            }
        )
    return rows


def _parameters(material: Material, mask: Mask) -> dict[str, Any]:
    if material.module is None:
        return {"parameters": None, "parameters_left": None, "compression": None}
    total = sum(parameter.numel() for parameter in material.module.parameters())
    left = total - (mask.total - mask.kept)
    return {"parameters": total, "parameters_left": left, "compression": _finite(compression(mask, material.module))}


def _multiply_adds(material: Material, mask: Mask) -> dict[str, Any]:
    dense = sum(material.counts.values()) or None
    try:
        ratio = _finite(speed_up(mask, material.counts)) if dense else None
    except WinnowError:  # a masked weight of another kind of layer
        ratio = None
    return {"multiply_adds_dense": dense, "speed_up": ratio}


def _accuracy(measured: LevelSummary | None, replicate: int) -> float | None:
    if measured is None or replicate >= len(measured.test_accuracy.values):
        return None
    return _finite(100 * measured.test_accuracy.values[replicate])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
