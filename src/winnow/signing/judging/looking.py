"""Looks at a suspect: its masks as it is and aligned, and the mark as each of them shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.signing.alignment.alignment import ALIGNED, UNCHANGED, align
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.reference import Reference
from winnow.signing.code.codes import decode, encode, payload_bits
from winnow.signing.code.layout import Layout
from winnow.signing.code.positions import Positions
from winnow.signing.code.statistic import read
from winnow.signing.judging.verdict import MarkRead
from winnow.signing.suspects.fitting import Fit, matched, renamed
from winnow.signing.suspects.support import WAYS, support, unknown
from winnow.signing.suspects.suspects import Suspect

Array = NDArray[Any]
Masks = Mapping[str, NDArray[np.bool_]]
ALIGNMENTS = (UNCHANGED, ALIGNED)


@dataclass(frozen=True)
class Opened:
    """What a revealed secret opens.

    Attributes:
        key: derived from the secret.
        positions: of the key.
        payload: what its code word carries.
        sent: the bits that the owner would have embedded.
    """

    key: bytes
    positions: Positions
    payload: bytes
    sent: NDArray[np.bool_]


@dataclass(frozen=True)
class Look:
    """One way of seeing the suspect.

    Attributes:
        alignment: "as it is" or "aligned".
        way: of `support.WAYS`.
        masks: in the layout's shapes; False where the suspect has nothing.
        known: the share of keyed positions that the suspect has.
    """

    alignment: str
    way: str
    masks: Masks
    known: float


@dataclass(frozen=True)
class Looks:
    """All looks, and what of the suspect they could not see.

    Attributes:
        looks: every alignment in every way.
        fit: which tensor stands for which layer.
        unknown: layer to how many of its weights are no finite numbers.
        empty: keyed layers without any weight that is not 0.
    """

    looks: tuple[Look, ...]
    fit: Fit
    unknown: Mapping[str, int]
    empty: tuple[str, ...]


def look_at(suspect: Suspect, claim: Claim, reference: Reference, positions: Positions) -> Looks:
    """See the suspect as it is and aligned, each in every way of reading a support.

    The alignment never sees what lies at the key's positions.
    """
    layout = claim.layout
    shapes = {layer.name: tuple(layer.shape) for layer in layout.layers}
    fit = matched(suspect.tensors, shapes)
    found = {name: _finite(tensor) for name, tensor in renamed(suspect.tensors, fit).items() if _is_real(tensor)}
    blanked = positions.blanked()
    as_it_is = {name: _laid(found.get(name), shape) for name, shape in shapes.items()}
    moved = align(found, shapes, reference.masks, blanked, claim.coupled, reference.weights or None).tensors
    looks = [
        look
        for name, tensors in zip(ALIGNMENTS, (as_it_is, moved), strict=True)
        for look in _in_every_way(name, tensors, layout, claim.tau, blanked)
    ]
    layers = {layer: suspect.tensors[name] for layer, name in fit.names.items()}
    empty = [
        layer.name for layer in layout.layers if layer.bits and layer.name in found and not found[layer.name].any()
    ]
    return Looks(tuple(looks), fit, unknown(layers, layers), tuple(empty))


def read_marks(looks: Sequence[Look], opened: Opened, code: str) -> tuple[tuple[MarkRead, ...], float]:
    """The mark in every look, and the largest share of bits for which a look has something to tell."""
    told, most = [], 0.0
    for look in looks:
        reading = read(look.masks, opened.positions, opened.key, opened.sent)
        # The code word is what is left of the bits when the key's own flips are taken back.
        word = reading.bits ^ opened.sent ^ encode(code, opened.payload)
        decoded = decode(code, word)
        right = decoded is not None and decoded.payload == opened.payload[: payload_bits(code) // 8]
        told.append(
            MarkRead(
                alignment=look.alignment,
                way=look.way,
                matches=reading.matches,
                total=reading.total,
                log2_p=reading.log2_p,
                log2_p_signed=reading.log2_p_signed,
                known=look.known,
                errors=reading.total - reading.matches,
                payload=right,
                corrected=decoded.errors if decoded is not None and right else None,
            )
        )
        most = max(most, float((reading.differences != 0).mean()))
    return tuple(told), most


def _in_every_way(name: str, tensors: Mapping[str, Array], layout: Layout, tau: float, blanked: Masks) -> list[Look]:
    kept = {layer.name: layer.kept for layer in layout.layers if layer.bits}
    keyed = sum(int(blanked[layer].sum()) for layer in kept)
    seen = sum(int((blanked[layer] & ~np.isnan(tensors[layer])).sum()) for layer in kept)
    return [Look(name, way, support(tensors, kept, tau, way), seen / max(keyed, 1)) for way in WAYS]


def _is_real(tensor: Array) -> bool:
    return tensor.dtype.kind in "fiub"


def _finite(tensor: Array) -> Array:
    """What is no finite number becomes 0: nothing is known there, and a NaN would spread over all that it meets."""
    values = tensor if tensor.dtype == np.float64 else tensor.astype(np.float32)
    return np.where(np.isfinite(values), values, np.zeros((), values.dtype))


def _laid(tensor: Array | None, shape: tuple[int, ...]) -> Array:
    if tensor is None or tensor.shape != shape:
        return np.full(shape, np.nan, np.float32)
    return tensor
