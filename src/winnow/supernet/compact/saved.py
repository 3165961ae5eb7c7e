"""One file for a searched and pruned network: architecture, tensors, packed mask, report."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from winnow.core import WinnowError, canonical_json, plain
from winnow.sparsity import Mask, load_tensors, save_tensors
from winnow.sparsity.packing import pack, unpack
from winnow.supernet.compact.accounting import accounting
from winnow.supernet.network import Supernet, assembled, maskable
from winnow.supernet.space import Architecture

FORMAT, SCHEMA = "winnow-supernet", 1
_MASK, _VALUES = ".mask", ".values"


@dataclass(frozen=True, eq=False)
class Saved:
    """What a file holds.

    Args:
        architecture: with the task, the input size and the widths that search left.
        tensors: all parameters and buffers of the supernet of that architecture; masked weights are exactly 0.
        mask: what remains of the weights that may be pruned.
        report: what the file tells besides: "names" of classes or joints, "mean" and "deviation" of the images'
            channels (0..1), "provenance", "costs" (added when it is saved), and all that the caller gave.
    """

    architecture: Architecture
    tensors: Mapping[str, Tensor]
    mask: Mask
    report: Mapping[str, Any]

    def network(self) -> Supernet:
        """The masked network in eval mode, on tensors of its own.

        Raises:
            WinnowError: WN-M02 when the tensors are not the architecture's.
        """
        own = {name: tensor.detach().clone() for name, tensor in self.tensors.items()}
        return assembled(self.architecture, own).eval().requires_grad_(False)

    @property
    def scaling(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation per channel that images in 0..1 are scaled by; 0 and 1 where the report tells none."""
        mean, deviation = self.report.get("mean") or (0.0,) * 3, self.report.get("deviation") or (1.0,) * 3
        return tuple(map(float, mean)), tuple(map(float, deviation))


def save_network(
    path: Path | str,
    architecture: Architecture,
    tensors: Mapping[str, Tensor],
    mask: Mapping[str, Tensor],
    report: Mapping[str, Any],
) -> Saved:
    """Write a network as one safetensors file, whole or not at all; tensors only, no pickle.

    A tensor under a mask is stored as "<name>.mask", one bit a weight (`winnow.sparsity.packing`), and "<name>.values",
    the weights that remain in row-major order; any other under its own name. `safetensors.torch.load_file` reads it.

    Args:
        path: the file.
        architecture: what the tensors belong to.
        tensors: all parameters and buffers of its supernet.
        mask: True where a weight remains.
        report: plain data, see `Saved.report`; what is no number becomes null.

    Returns:
        What `load_network` will give.

    Raises:
        WinnowError: WN-M02 or WN-P02 when the tensors or the mask do not fit, WN-S01 or WN-S02 when the place cannot be
            written.
    """
    own_mask = mask if isinstance(mask, Mask) else Mask(mask)
    whole = own_mask.applied({name: tensor.detach().cpu() for name, tensor in tensors.items()})
    _check_fit(architecture, whole, own_mask)
    costs = accounting(architecture, own_mask).summary()
    saved = Saved(architecture, whole, own_mask, _without_nan(plain({**report, "costs": costs})))
    stored = _stored(saved)
    table = canonical_json([[name, list(whole[name].shape), name in own_mask] for name in whole])
    facts = canonical_json({"schema": SCHEMA, **_described(architecture), "report": saved.report})
    notes = {"format": FORMAT, "network": facts, "tensors": table}
    save_tensors(path, stored, {**notes, "digest": _digest(notes, stored)})
    return saved


def load_network(path: Path | str) -> Saved:
    """What `save_network` wrote.

    Raises:
        WinnowError: WN-S03 when the file is missing, damaged, of another kind or of a newer Winnow.
    """
    stored, notes = load_tensors(path)
    if notes.get("format") != FORMAT:
        raise WinnowError("WN-S03", f"no supernet of Winnow (format {notes.get('format')!r})", where=path)
    try:
        if _digest(notes, stored) != notes["digest"]:
            raise ValueError("the SHA-256 differs")
        facts = json.loads(notes["network"])
        if facts["schema"] > SCHEMA:
            raise ValueError(f"schema {facts['schema']} is newer than this Winnow")
        architecture = Architecture.from_plain(facts["architecture"])
        tensors, mask = _read(stored, json.loads(notes["tensors"]))
        _check_fit(architecture, tensors, mask)
        return Saved(architecture, tensors, mask, facts["report"])
    except (WinnowError, KeyError, IndexError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        reason = error.what if isinstance(error, WinnowError) else error
        raise WinnowError(
            "WN-S03", f"not the content that was saved: {reason}", where=path, fix="Copy it or export it again."
        ) from error


def _described(architecture: Architecture) -> dict[str, Any]:
    """The architecture, and what programs that know nothing of it want to read first."""
    plain_form = architecture.to_plain()
    return {**{key: plain_form[key] for key in ("task", "outputs", "input_size")}, "architecture": plain_form}


def _stored(saved: Saved) -> dict[str, Tensor]:
    stored: dict[str, Tensor] = {}
    for name, tensor in saved.tensors.items():
        if name in saved.mask:
            stored[name + _MASK] = pack(saved.mask[name])
            stored[name + _VALUES] = tensor[saved.mask[name]]
        else:
            stored[name] = tensor.clone()  # a copy: safetensors refuses two names of one memory
    return stored


def _read(stored: Mapping[str, Tensor], table: list[Any]) -> tuple[dict[str, Tensor], Mask]:
    tensors: dict[str, Tensor] = {}
    masks: dict[str, Tensor] = {}
    for name, shape, under_mask in table:
        if not under_mask:
            tensors[name] = stored[name].reshape(shape)
            continue
        masks[name], values = unpack(stored[name + _MASK], shape), stored[name + _VALUES]
        tensors[name] = values.new_zeros(shape)
        tensors[name][masks[name]] = values
    return tensors, Mask(masks)


def _check_fit(architecture: Architecture, tensors: Mapping[str, Tensor], mask: Mask) -> None:
    """Make sure that these are the architecture's tensors, and its maskable weights."""
    known = maskable(assembled(architecture, tensors))
    unknown = [name for name in mask if name not in known]
    if unknown:
        raise WinnowError("WN-P02", "this weight is not one that may be pruned", where=unknown[0])
    mask.check(tensors)


def _digest(notes: Mapping[str, str], stored: Mapping[str, Tensor]) -> str:
    """SHA-256 over the notes and every stored byte."""
    summary = hashlib.sha256(canonical_json([notes["format"], notes["network"], notes["tensors"]]).encode())
    for name in sorted(stored):
        tensor = stored[name].contiguous()
        summary.update(canonical_json([name, str(tensor.dtype), list(tensor.shape)]).encode())
        summary.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return summary.hexdigest()


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: a measurement that is no number becomes null."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
