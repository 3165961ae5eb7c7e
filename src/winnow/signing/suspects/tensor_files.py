"""Tensors out of a stranger's safetensors file: nothing in it is trusted, and no byte of it is run.

The format is read here and not by its own library, so that every fault has a sentence of its own, a name that stands
twice is seen, and half precision needs neither torch nor a conversion by hand.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError

Array = NDArray[Any]
LARGEST_HEADER = 32 * 2**20  # bytes; the longest honest ones have a few MiB
_MOST_AXES = 32
_TYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
# What a file begins with that is no safetensors file, and what to say of it.
_STRANGERS = (
    (b"PK\x03\x04", "a zip archive, as torch.save writes: it holds a pickle, and reading a pickle can run its code"),
    (b"\x80", "a pickle, and reading a pickle can run its code"),
    (b"\x89HDF", "an HDF5 file"),
    (b"GGUF", "a GGUF file"),
    (b"\x93NUMPY", "a NumPy file"),
)
_ADVICE = "Write its state dict with safetensors.torch.save_file, on a machine that may be lost, and give that file."


@dataclass(frozen=True)
class TensorFile:
    """What a file holds.

    Attributes:
        tensors: name to array, in the order of their bytes; bfloat16 comes as float32, all else in its own type.
        notes: the header's text notes.
        unread: name to type, of tensors in a type that is not read here (eight-bit floats, complex numbers).
        digest: SHA-256 of the file, 64 hexadecimal digits.
    """

    tensors: dict[str, Array]
    notes: dict[str, str]
    unread: dict[str, str]
    digest: str


def read_tensor_file(path: Path | str) -> TensorFile:
    """Read a safetensors file of unknown origin.

    Raises:
        WinnowError: WN-O05 when it is missing, empty, of another kind, cut off, or contradicts itself.
    """
    place = Path(path)
    content = _content(place)
    try:
        header, body = _parts(content)
        notes, rows = _rows(header, len(body))
        tensors = {name: _tensor(body, row) for name, row in rows.items() if row["dtype"] in _TYPES}
    except (ValueError, RecursionError, MemoryError) as error:
        told = str(error) or type(error).__name__
        raise WinnowError("WN-O05", told, where=place.name, fix="Ask for the file again.") from error
    unread = {name: row["dtype"] for name, row in rows.items() if row["dtype"] not in _TYPES}
    return TensorFile(tensors, notes, unread, hashlib.sha256(content).hexdigest())


def _content(place: Path) -> bytes:
    try:
        if not place.is_file():
            told = "it is no ordinary file" if place.exists() else "there is no such file"
            raise WinnowError("WN-O05", told, where=place.name, fix="Give a .safetensors file or a folder with one.")
        content = place.read_bytes()
    except (OSError, MemoryError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error) or "it does not fit into memory"
        raise WinnowError("WN-O05", told, where=place.name) from error
    for start, told in _STRANGERS:
        # A safetensors file has "{" as its ninth byte, whatever the length before it looks like.
        if content.startswith(start) and content[8:9] != b"{":
            raise WinnowError("WN-O05", f"it is {told}", where=place.name, fix=_ADVICE)
    return content


def _parts(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """The header as an object, and the bytes of the tensors."""
    if not content:
        raise ValueError("the file is empty")
    if len(content) < 8:
        raise ValueError(f"{len(content)} bytes are no safetensors file")
    length = int.from_bytes(content[:8], "little")
    if length > LARGEST_HEADER:
        raise ValueError(f"it announces a header of {length:,} bytes; {LARGEST_HEADER:,} is the most that is read")
    if length > len(content) - 8:
        raise ValueError(f"it announces a header of {length:,} bytes and has {len(content):,} in all: it is cut off")
    try:
        header = json.loads(content[8 : 8 + length].decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise ValueError("its header is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    return header, memoryview(content)[8 + length :]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_short(twice)} stands twice in its header: two readers would read two files")
    return found


def _rows(header: dict[str, Any], size: int) -> tuple[dict[str, str], dict[str, Any]]:
    """The notes and the tensors' rows, each checked, in the order of their bytes."""
    notes = header.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(value, str) for value in notes.values()):
        raise ValueError("its notes are no texts")
    for name, row in header.items():
        _check_row(name, row, size)
    rows = dict(sorted(header.items(), key=lambda item: item[1]["data_offsets"]))
    end = 0
    for name, row in rows.items():
        if row["data_offsets"][0] != end:
            raise ValueError(f"the bytes of {_short(name)} overlap others, or leave a gap before them")
        end = row["data_offsets"][1]
    if end != size:
        raise ValueError(f"{size - end:,} bytes at its end belong to no tensor")
    return notes, rows


def _check_row(name: str, row: Any, size: int) -> None:
    told = _short(name)
    if not isinstance(row, dict) or not isinstance(row.get("dtype"), str):
        raise ValueError(f"{told} has no type")
    shape, offsets = row.get("shape"), row.get("data_offsets")
    if not _counts(shape) or len(shape) > _MOST_AXES:
        raise ValueError(f"the shape of {told} is none: {_short(shape)}")
    if not _counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"the place of {told} is none: {_short(offsets)}")
    if offsets[1] > size:
        raise ValueError(f"{told} ends at byte {offsets[1]:,} of {size:,}: the file is cut off")
    kind = _TYPES.get(row["dtype"])
    if kind and math.prod(shape) * np.dtype(kind).itemsize != offsets[1] - offsets[0]:
        raise ValueError(f"{told} of shape {_short(shape)} does not take {offsets[1] - offsets[0]:,} bytes")


def _counts(value: Any) -> TypeGuard[list[int]]:
    # Below 2^63, so that no product or sum is past what NumPy counts with once it is known to fit the file.
    return isinstance(value, list) and all(type(number) is int and 0 <= number < 2**63 for number in value)


def _tensor(body: memoryview, row: dict[str, Any]) -> Array:
    start, end = row["data_offsets"]
    flat = np.frombuffer(body[start:end], _TYPES[row["dtype"]])
    if row["dtype"] == "BF16":
        # The upper half of a float32.
        flat = (flat.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return flat.reshape(row["shape"])


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
