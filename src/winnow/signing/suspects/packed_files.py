"""Winnow's own packed tensors, read without torch: masks of one bit a weight, and weights stored by their non-zeros."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MASK, SPARSE = "winnow-mask-1", "winnow-sparse-1"
# A few bytes can announce any shape, so what is unpacked has a bound of its own: 2^30 numbers are 4 GiB as float32.
_MOST_NUMBERS = 2**30


def header_of(notes: Mapping[str, str]) -> dict[str, Any]:
    """Winnow's own notes of a safetensors file; empty where there are none."""
    try:
        found = json.loads(notes.get("winnow", "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def unpack_mask(stored: Mapping[str, Array], header: Mapping[str, Any]) -> dict[str, NDArray[np.bool_]]:
    """The masks of a file that `winnow.sparsity.Mask.save` wrote.

    Raises:
        ValueError: when bits and header disagree.
    """
    masks: dict[str, NDArray[np.bool_]] = {}
    for name, shape in _table(header, "shapes", 2):
        count, packed = _count(shape), _part(stored, name)
        if packed.dtype != np.uint8 or packed.size != -(-count // 8):
            raise ValueError(f"{packed.size} bytes do not hold the {count} bits of {name}")
        masks[name] = np.unpackbits(packed.reshape(-1), count=count).astype(bool).reshape(shape)
    return masks


def unpack_sparse(stored: Mapping[str, Array], header: Mapping[str, Any]) -> dict[str, Array]:
    """The tensors, dense, of a file that `winnow.sparsity.save_sparse` wrote.

    Raises:
        ValueError: when values, positions and header disagree.
    """
    rows = _table(header, "tensors", 3)
    if sum(_count(shape) for _, shape, _ in rows) > _MOST_NUMBERS:
        raise ValueError(f"unpacked, it would hold more than {_MOST_NUMBERS:,} numbers")
    return {name: _unpacked(stored, name, shape, width) for name, shape, width in rows}


def _unpacked(stored: Mapping[str, Array], name: str, shape: Sequence[int], width: Any) -> Array:
    if width == 0:
        whole = _part(stored, f"dense.{name}")
        if whole.size != _count(shape):
            raise ValueError(f"{name} does not have the shape {shape}")
        return whole.reshape(shape)
    values = _part(stored, f"values.{name}").reshape(-1)
    positions = _positions(_part(stored, f"gaps.{name}"), width, len(values))
    if len(positions) and positions[-1] >= _count(shape):
        raise ValueError(f"a value of {name} lies outside of it")
    flat = np.zeros(_count(shape), values.dtype)
    flat[positions] = values
    return flat.reshape(shape)


def _positions(packed: Array, width: Any, count: int) -> NDArray[np.int64]:
    """Ascending positions from gaps of `width` bits, lowest bit first; the highest code says "further on"."""
    if type(width) is not int or not 1 <= width <= 16 or packed.dtype != np.uint8:
        raise ValueError(f"no positions are packed in {width!r} bits")
    bits = np.unpackbits(packed.reshape(-1), bitorder="little")
    rows = bits[: len(bits) // width * width].reshape(-1, width)
    codes = np.zeros(len(rows), np.int64)
    for place in range(width):
        codes |= rows[:, place].astype(np.int64) << place
    highest = 2**width - 1
    ends = np.flatnonzero(codes != highest)[:count]
    if len(ends) < count:
        raise ValueError(f"{packed.size} bytes hold {len(ends)} of {count} positions")
    escapes = np.diff(ends, prepend=-1) - 1
    return np.cumsum(escapes * highest + codes[ends] + 1) - 1


def _table(header: Mapping[str, Any], key: str, width: int) -> list[Any]:
    try:
        rows = json.loads(header[key])
        if all(len(row) == width and isinstance(row[0], str) for row in rows):
            return rows
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"its table of {key} is none") from error
    raise ValueError(f"its table of {key} is none")


def _count(shape: Any) -> int:
    if not isinstance(shape, list) or not all(type(n) is int and 0 <= n <= _MOST_NUMBERS for n in shape):
        raise ValueError(f"{shape!r} is no shape")
    if len(shape) > 32 or math.prod(shape) > _MOST_NUMBERS:
        raise ValueError(f"{shape!r} is larger than can be read")
    return math.prod(shape)


def _part(stored: Mapping[str, Array], name: str) -> Array:
    if name not in stored:
        raise ValueError(f"it lacks {name}")
    return stored[name]
