"""Accusing: a claim on a model that its maker trained without the accuser. The mark is sought, not written.

The suspect is `target.innocent`. Nothing is done to it; an attack gives a claim that was made to fit it, and the audit
tells what that claim is worth once its tries are counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Generator, Tensor

from winnow.ownership.attacks.forging import thiefs_key
from winnow.ownership.attacks.target import Attack, Attacked, Forged, Target, drawn_bytes
from winnow.signing.alignment.alignment import align
from winnow.signing.alignment.axes import Axes, AxisGroup, AxisUse
from winnow.signing.code.codes import payload_bits
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import Reading, read, sent_bits

Masks = Mapping[str, np.ndarray]

_TRIES = (2, 4, 6, 8, 10)
_TRIES_UNIT = "log2 of the tries"
_BLANKED = (
    "the accuser aligned the model on the keyed places themselves; a judge aligns with these blanked, and reads nothing"
)


def ground(target: Target, log2_tries: float, generator: Generator) -> Attacked:
    """Draw keys after the fact, and show the one that fits best. With g = log2 of the tries, p comes out near 2^-g."""
    tensors = innocent(target, generator)
    masks = _support(target, tensors)
    tries = round(2**log2_tries)
    best = max((_tried(target, masks, generator) for _ in range(tries)), key=lambda found: found[0].matches)
    forged = Forged(best[1], best[0].sent, tries)
    return Attacked(tensors, note=f"the best of {tries} keys drawn after the fact", forged=forged)


def searched(target: Target, log2_tries: float, generator: Generator) -> Attacked:
    """Keep one key, and search over where its bits lie: rows and columns of every layer permuted at will."""
    tensors = innocent(target, generator)
    masks, key = _support(target, tensors), thiefs_key(generator)
    payload = drawn_bytes(generator, payload_bits(target.layout.code) // 8)
    positions, sent = keyed_positions(key, target.layout), sent_bits(key, target.layout.code, payload)
    tries = round(2**log2_tries)
    best, shown = -1, masks
    for _ in range(tries):
        moved = _moved(masks, generator)
        found = read(moved, positions, key, sent)
        if found.matches > best:
            best, shown = found.matches, moved
    forged = Forged(key, sent, tries, masks=shown)
    return Attacked(tensors, note=f"the best of {tries} places for one key", forged=forged)


def aligned_on_key(target: Target, restarts: float, generator: Generator) -> Attacked:
    """Align the innocent model to a signed mask with nothing blanked, so that the alignment itself fits the bits.

    Rows and columns of every layer move freely, which is more than any network allows.
    """
    tensors = innocent(target, generator)
    arrays = _arrays(target, tensors)
    shapes = {name: array.shape for name, array in arrays.items()}
    nothing = {name: np.zeros(shape, bool) for name, shape in shapes.items()}
    found = align(arrays, shapes, target.reference.masks, nothing, _free(shapes), None, restarts=round(restarts))
    masks = {name: np.nan_to_num(found.tensors[name]) != 0 for name in shapes}
    forged = Forged(target.opened.key, target.opened.sent, 1 + round(restarts), masks=masks, refusal=_BLANKED)
    return Attacked(tensors, note="aligned on the keyed places", forged=forged)


def innocent(target: Target, generator: Generator) -> dict[str, Tensor]:
    """The tensors of `target.innocent`; without them, the target's own on places drawn at random."""
    if target.innocent is not None:
        return dict(target.innocent)
    tensors = dict(target.tensors)
    for name, mask in target.mask.items():
        order = torch.randperm(mask.numel(), generator=generator)
        tensors[name] = tensors[name].flatten()[order].view(mask.shape)
    return tensors


def _tried(target: Target, masks: Masks, generator: Generator) -> tuple[Reading, bytes]:
    key = thiefs_key(generator)
    payload = drawn_bytes(generator, payload_bits(target.layout.code) // 8)
    sent = sent_bits(key, target.layout.code, payload)
    return read(masks, keyed_positions(key, target.layout), key, sent), key


def _moved(masks: Masks, generator: Generator) -> dict[str, np.ndarray]:
    """Rows and columns of every mask permuted, each on its own: more freedom than any network has."""
    moved = {}
    for name, mask in masks.items():
        rows = torch.randperm(mask.shape[0], generator=generator).numpy()
        columns = torch.randperm(mask.shape[1], generator=generator).numpy() if mask.ndim > 1 else slice(None)
        moved[name] = mask[rows][:, columns] if mask.ndim > 1 else mask[rows]
    return moved


def _free(shapes: Mapping[str, tuple[int, ...]]) -> Axes:
    """Every row and every column of every layer a channel of its own group."""
    return tuple(
        AxisGroup(size, (AxisUse(name, axis),), signs=False)
        for name, shape in shapes.items()
        for axis, size in enumerate(shape[:2])
    )


def _arrays(target: Target, tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {layer.name: tensors[layer.name].detach().cpu().numpy() for layer in target.layout.layers}


def _support(target: Target, tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: array != 0 for name, array in _arrays(target, tensors).items()}


ATTACKS = (
    Attack("grind", "accusing", "Draws keys until one fits an innocent model.", _TRIES_UNIT, _TRIES, ground),
    Attack(
        "search", "accusing", "Searches an innocent model for places that fit a key.", _TRIES_UNIT, _TRIES, searched
    ),
    Attack(
        "align-keyed",
        "accusing",
        "Aligns an innocent model on the keyed places.",
        "restarts of the alignment",
        (0, 1, 2),
        aligned_on_key,
    ),
)
