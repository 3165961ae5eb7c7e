"""`reference.safetensors`: the committed mask, eight entries to a byte, and optionally float tensors to align by."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from winnow.core import WinnowError, canonical_json
from winnow.signing.claims.strict import refuse
from winnow.signing.code.layout import Layout

REFERENCE = "reference.safetensors"
_NOTE, _MASK, _WEIGHT = "winnow", "mask/", "weight/"
_FLOATS = ("float16", "float32")
_UNREADABLE = (SafetensorError, OSError, ValueError, TypeError, KeyError, RecursionError, MemoryError, OverflowError)


@dataclass(frozen=True)
class Reference:
    """What a suspect is compared with.

    Args:
        masks: boolean arrays in the tensors' shapes.
        weights: float16 or float32 arrays; empty when the owner gave none.
    """

    masks: Mapping[str, NDArray[np.bool_]]
    weights: Mapping[str, NDArray[Any]]


def reference_bytes(reference: Reference) -> bytes:
    """The file's content; the same reference gives the same bytes."""
    shapes = {name: list(mask.shape) for name, mask in reference.masks.items()}
    packed = {_MASK + name: np.packbits(mask.reshape(-1)) for name, mask in sorted(reference.masks.items())}
    weights = {_WEIGHT + name: np.ascontiguousarray(w) for name, w in sorted(reference.weights.items())}
    return save({**packed, **weights}, {_NOTE: canonical_json({"shapes": shapes})})


def read_reference_file(path: Path | str) -> Reference:
    """Read the file.

    Raises:
        WinnowError: WN-O02 when it is truncated, edited or holds anything else.
    """
    try:
        with safe_open(path, framework="np") as file:
            shapes = json.loads((file.metadata() or {})[_NOTE])["shapes"]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        masks = {name: _unpacked(tensors.pop(_MASK + name), shape) for name, shape in shapes.items()}
    except WinnowError:
        raise
    except _UNREADABLE as error:
        refuse(f"the reference cannot be read: {str(error)[:120]}", path)
    for name, tensor in tensors.items():
        if not name.startswith(_WEIGHT) or tensor.dtype.name not in _FLOATS:
            refuse(f"the reference holds something else than masks and weights: {name[:60]}", path)
    return Reference(masks, {name.removeprefix(_WEIGHT): tensor for name, tensor in tensors.items()})


def misfit(reference: Reference, layout: Layout) -> str | None:
    """What of the reference is not as the layout says; None when all is."""
    for layer in layout.layers:
        mask = reference.masks.get(layer.name)
        if mask is None or mask.shape != tuple(layer.shape):
            return f"{layer.name} has no mask of shape {tuple(layer.shape)}"
        if int(mask.sum()) != layer.kept:
            return f"{layer.name} keeps {int(mask.sum())} weights, the layout says {layer.kept}"
    return None


def _unpacked(packed: NDArray[Any], shape: list[int]) -> NDArray[np.bool_]:
    if any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("a shape is not made of whole numbers")
    count = math.prod(shape)
    if packed.dtype != np.uint8 or packed.shape != (-(-count // 8),):
        raise ValueError("a mask has another number of bits than its shape")
    return np.unpackbits(packed, count=count).astype(bool).reshape(shape)
