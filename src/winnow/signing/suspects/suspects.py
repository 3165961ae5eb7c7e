"""A suspect: the weights of somebody's network, from a file or folder that may be anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.signing.suspects.packed_files import MASK, SPARSE, header_of, unpack_mask, unpack_sparse
from winnow.signing.suspects.tensor_files import TensorFile, read_tensor_file

Array = NDArray[Any]
_START, _TRAINED, _MASK = "start.safetensors", "trained.safetensors", "mask.safetensors"
_FOLDER_ADVICE = "Give a .safetensors file, a Winnow ticket folder, or a folder as `save_pretrained` writes it."


@dataclass(frozen=True)
class Suspect:
    """What a judge looks at.

    Attributes:
        tensors: name to array, pruned weights 0 where a mask came with them.
        digest: SHA-256 (64 hexadecimal digits): of the file, or over names and digests of a folder's files.
        notes: what a reader of the verdict should know of how it was read.
    """

    tensors: Mapping[str, Array]
    digest: str
    notes: tuple[str, ...] = ()


def read_suspect(path: Path | str) -> Suspect:
    """Read a suspect, without torch and without running anything that it brings.

    A file of safetensors (plain, or one of Winnow's packed forms), a Winnow ticket folder (its trained weights where
    it has them), or a folder with one or more safetensors files, whose tensors are taken together. `x_orig` with
    `x_mask`, as `torch.nn.utils.prune` leaves them, become `x`.

    Raises:
        WinnowError: WN-O05 when nothing there can be read as a network's weights.
    """
    place = Path(path)
    tensors, digest, notes = _folder(place) if place.is_dir() else _file(place)
    tensors, masked = _masks_applied(tensors)
    if masked:
        notes = (*notes, f"{masked} masks of torch.nn.utils.prune were applied")
    if not tensors:
        raise WinnowError("WN-O05", "it holds no tensors", where=place.name, fix=_FOLDER_ADVICE)
    return Suspect(tensors, digest, notes)


def _file(place: Path) -> tuple[dict[str, Array], str, tuple[str, ...]]:
    found = read_tensor_file(place)
    tensors, told = _unpacked(found, place)
    unread = tuple(f"{name!r} is of type {kind}, which is not read here" for name, kind in found.unread.items())
    return tensors, found.digest, (*told, *unread)


def _unpacked(found: TensorFile, place: Path) -> tuple[dict[str, Array], tuple[str, ...]]:
    header = header_of(found.notes)
    try:
        if header.get("format") == MASK:
            return dict(unpack_mask(found.tensors, header)), ("it is a mask alone, without weights",)
        if header.get("format") == SPARSE:
            return unpack_sparse(found.tensors, header), ("it is stored by its non-zeros",)
    except (ValueError, IndexError, MemoryError) as error:
        raise WinnowError("WN-O05", f"not what Winnow packs: {error}", where=place.name) from error
    return found.tensors, ()


def _folder(place: Path) -> tuple[dict[str, Array], str, tuple[str, ...]]:
    """All safetensors of a folder, or the weights of a ticket's folder under its mask."""
    names = sorted(file.name for file in place.glob("*.safetensors"))
    if not names:
        raise WinnowError("WN-O05", "no .safetensors file in this folder", where=place.name, fix=_FOLDER_ADVICE)
    if {_START, _MASK} <= set(names):
        return _ticket(place, _TRAINED if _TRAINED in names else _START)
    tensors: dict[str, Array] = {}
    digests, notes = [], []
    for name in names:
        own, digest, told = _file(place / name)
        if tensors.keys() & own.keys():
            raise WinnowError("WN-O05", "two files hold tensors of one name", where=name, fix="Give one of the files.")
        tensors.update(own)
        digests.append((name, digest))
        notes += told
    return tensors, _joint(digests), tuple(notes)


def _ticket(place: Path, weights: str) -> tuple[dict[str, Array], str, tuple[str, ...]]:
    tensors, weights_digest, notes = _file(place / weights)
    masks, mask_digest, _ = _file(place / _MASK)
    applied = {name: _times(tensors[name], mask, name) for name, mask in masks.items() if name in tensors}
    told = (f"a Winnow ticket: its {weights} under its mask", *notes)
    return {**tensors, **applied}, _joint([(weights, weights_digest), (_MASK, mask_digest)]), told


def _masks_applied(tensors: Mapping[str, Array]) -> tuple[dict[str, Array], int]:
    """`x_orig` under `x_mask` as `x`, and how many there were."""
    pairs = [name[:-5] for name in tensors if name.endswith("_orig") and f"{name[:-5]}_mask" in tensors]
    parts = {f"{name}{end}" for name in pairs for end in ("_orig", "_mask")}
    plain = {name: tensor for name, tensor in tensors.items() if name not in parts}
    products = {name: _times(tensors[f"{name}_orig"], tensors[f"{name}_mask"], name) for name in pairs}
    return {**plain, **products}, len(pairs)


def _times(weights: Array, mask: Array, name: str) -> Array:
    if weights.shape != mask.shape:
        raise WinnowError("WN-O05", "its mask has another shape than its weights", where=name)
    # Not a product: a pruned NaN is a zero.
    return np.where(mask != 0, weights, np.zeros((), weights.dtype))


def _joint(digests: list[tuple[str, str]]) -> str:
    return hashlib.sha256("".join(f"{name}\0{digest}\n" for name, digest in digests).encode()).hexdigest()
