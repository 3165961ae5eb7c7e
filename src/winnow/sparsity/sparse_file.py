"""Tensors stored by their non-zeros: values and packed positions, near the size that those need."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from winnow.core import WinnowError, canonical_json
from winnow.sparsity.files import load_tensors, save_tensors
from winnow.sparsity.gaps import decode, encode

FORMAT = "winnow-sparse-1"
# Zero is decided by bits, of an integer as wide as the number: -0.0 is a value, and a NaN keeps its payload.
_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
_DENSE, _VALUES, _GAPS = "dense.", "values.", "gaps."
# Name, shape, and the width in bits of a gap's code; 0 where the tensor is stored whole.
_Row = tuple[str, list[int], int]


def save_sparse(path: Path | str, tensors: Mapping[str, Tensor], notes: Mapping[str, str] | None = None) -> None:
    """Write the tensors (copied to the CPU) with text notes as one safetensors file.

    A float tensor is stored as its non-zeros, 1-D in row-major order, with their positions (see `gaps.encode`), where
    that is smaller than storing it whole. `load_sparse` gives back every bit.

    Args:
        path: the file, replaced whole.
        tensors: name to tensor of any shape and dtype.
        notes: what else the file tells.

    Raises:
        WinnowError: WN-S01 or WN-S02 when the place cannot be written.
    """
    rows: list[_Row] = []
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        width, parts = _stored(name, tensor.detach().to("cpu").reshape(-1))
        rows.append((name, list(tensor.shape), width))
        stored.update(parts)
    table = canonical_json(rows)
    own = dict(notes or {})
    digest = _digest(table, own, stored)
    save_tensors(path, stored, {"format": FORMAT, "tensors": table, "notes": canonical_json(own), "digest": digest})


def load_sparse(path: Path | str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors, dense and in their order, and the notes of a file that `save_sparse` wrote.

    Raises:
        WinnowError: WN-S03 when the file is missing, damaged, or of another kind.
    """
    stored, header = load_tensors(path)
    if header.get("format") != FORMAT:
        raise WinnowError("WN-S03", f"no sparse file of Winnow (format {header.get('format')!r})", where=path)
    try:
        notes = json.loads(header["notes"])
        if not isinstance(notes, dict) or _digest(header["tensors"], notes, stored) != header["digest"]:
            raise ValueError("the SHA-256 differs")
        return {name: _dense(stored, name, shape, width) for name, shape, width in json.loads(header["tensors"])}, notes
    except (KeyError, IndexError, ValueError, TypeError, RuntimeError) as error:
        raise WinnowError(
            "WN-S03", f"not the content that was saved: {error}", where=path, fix="Copy it or export it again."
        ) from error


def _stored(name: str, flat: Tensor) -> tuple[int, dict[str, Tensor]]:
    """The width of a gap and the tensors to store; width 0 for a whole tensor."""
    # A copy: two names of one memory are two tensors here, which safetensors refuses.
    whole = (0, {_DENSE + name: flat.clone()})
    if not flat.is_floating_point():
        return whole
    positions = np.flatnonzero(flat.view(_BITS[flat.element_size()]).numpy())
    width, packed = encode(positions)
    if len(packed) + len(positions) * flat.element_size() >= flat.numel() * flat.element_size():
        return whole
    return width, {_VALUES + name: flat[torch.from_numpy(positions)], _GAPS + name: torch.from_numpy(packed)}


def _dense(stored: Mapping[str, Tensor], name: str, shape: Sequence[int], width: int) -> Tensor:
    if not width:
        return stored[_DENSE + name].reshape(tuple(shape))
    values = stored[_VALUES + name]
    bits = _BITS[values.element_size()]
    flat = torch.zeros(math.prod(shape), dtype=bits)
    flat[torch.from_numpy(decode(stored[_GAPS + name].numpy(), width, len(values)))] = values.view(bits)
    return flat.view(values.dtype).reshape(tuple(shape))


def _digest(table: str, notes: Mapping[str, str], stored: Mapping[str, Tensor]) -> str:
    """SHA-256 over the table, the notes and every stored byte."""
    summary = hashlib.sha256(canonical_json([table, dict(notes)]).encode())
    for name in sorted(stored):
        summary.update(canonical_json([name, str(stored[name].dtype), stored[name].numel()]).encode())
        summary.update(stored[name].view(torch.uint8).numpy().data)
    return summary.hexdigest()
