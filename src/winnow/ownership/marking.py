"""Writing code words into a ticket's mask: swaps within a layer, so that every layer keeps its count.

A bit is carried by two keyed sets of positions of one layer. A swap turns one position of the favoured set on and one
of the other off, until the favoured set leads by the margin. The swaps are the ones that pruning was least sure of:
on goes the pruned weight of the largest score, off the kept weight of the smallest magnitude.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from winnow.core import WinnowError
from winnow.ownership.filling import filled_start
from winnow.ownership.swapping import Bits, Editor
from winnow.signing.code.layout import Layout
from winnow.signing.code.positions import Positions, keyed_positions
from winnow.signing.code.statistic import differences, sent_bits
from winnow.signing.code.stream import KeyStream
from winnow.sparsity import Mask, Ticket

_FAILING = 0.02  # bits of the wrong sign that a mark may have: BCH corrects several times as many
_UNTOLD = ("results", "files", "mask_digest", "kept", "total", "density_percent")


@dataclass(frozen=True)
class KeyReport:
    """How one key's code word was written: bits, those short of the margin, those of the wrong sign, swaps made."""

    bits: int
    short: int
    wrong: int
    swaps: int


@dataclass(frozen=True)
class MarkReport:
    """What marking changed.

    Args:
        keys: per key, in order.
        switched: positions that are on and were off, per layer; as many went off.
        kept: weights that remain, in all.
    """

    keys: tuple[KeyReport, ...]
    switched: dict[str, int]
    kept: int

    def to_plain(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def mark(
    ticket: Ticket,
    layout: Layout,
    keys: Sequence[bytes],
    payloads: Sequence[bytes],
    *,
    margin: int = 3,
    dense: Mapping[str, Tensor] | None = None,
    start: Mapping[str, Tensor] | None = None,
) -> tuple[Ticket, MarkReport]:
    """Write a code word per key into a ticket's mask. The result is to be trained: it has no trained weights.

    A later key moves no position of an earlier one. Where a set has no weight left to move, one that no key uses is
    moved instead.

    Args:
        ticket: what to mark; its trained weights, if any, tell which kept weights matter least.
        layout: of this ticket's mask (`winnow.signing.code.layout.plan_layout`).
        keys: derived keys, 32 bytes each.
        payloads: what each one says, the first bytes of its first commitment.
        margin: by how much the favoured set shall lead.
        dense: the trained dense network: its largest pruned weights are switched on first, with its signs. Without
            it the largest of `start`, without both the key decides.
        start: the dense start, when weights that are switched on shall begin there: for a ticket whose start is
            released. Else they begin large (`winnow.ownership.filling`), which magnitude pruning cannot undo.

    Returns:
        The marked ticket and what was changed.

    Raises:
        WinnowError: WN-O01 when more than 2 % of a key's bits have the wrong sign, WN-O02 when the layout is not of
            this ticket.
    """
    _check_layout(ticket, layout)
    masks = {layer.name: ticket.mask[layer.name].numpy().copy().reshape(-1) for layer in layout.layers}
    editor = Editor(masks, _magnitudes(ticket.trained or ticket.start, layout))
    wanted = dense if dense is not None else start
    reports = []
    for key, payload in zip(keys, payloads, strict=True):
        positions = keyed_positions(key, layout)
        worth = _magnitudes(wanted, layout) if wanted is not None else _drawn(key, masks)
        editor.begin(positions, worth)
        reports.append(_written(editor, layout, positions, sent_bits(key, layout.code, payload), margin))
        _check_report(reports[-1])
    mask = Mask({n: torch.from_numpy(masks[n]).view(t.shape) if n in masks else t for n, t in ticket.mask.items()})
    switched = {name: int((mask[name] & ~ticket.mask[name]).sum()) for name in masks}
    manifest = {name: value for name, value in ticket.manifest.items() if name not in _UNTOLD}
    # All keys together: one that was shown must not give away where the others' weights begin.
    begun = filled_start(ticket, mask, hashlib.sha256(b"".join(keys)).digest(), start=start, signs=dense)
    return Ticket(begun, mask, None, manifest), MarkReport(tuple(reports), switched, mask.kept)


def _written(editor: Editor, layout: Layout, positions: Positions, sent: Bits, margin: int) -> KeyReport:
    leads, swaps, at = [], 0, 0
    for layer in layout.layers:
        for bit in range(layer.bits):
            sets = positions.first[layer.name][bit], positions.second[layer.name][bit]
            favoured, other = sets if sent[at] else sets[::-1]
            lead, made = editor.write(layer.name, favoured, other, margin)
            leads.append(lead)
            swaps, at = swaps + made, at + 1
    return KeyReport(at, sum(lead < margin for lead in leads), sum(lead <= 0 for lead in leads), swaps)


def leads_of(mask: Mask, layout: Layout, key: bytes, payload: bytes) -> NDArray[np.int64]:
    """By how much the favoured set of every bit leads in a mask, int64 [bits]; below 1 the bit is not there."""
    masks = {layer.name: mask[layer.name].numpy() for layer in layout.layers}
    signs = np.where(sent_bits(key, layout.code, payload), 1, -1)
    return signs * np.asarray(differences(masks, keyed_positions(key, layout)), np.int64)


def _check_layout(ticket: Ticket, layout: Layout) -> None:
    for layer in layout.layers:
        mask = ticket.mask.get(layer.name)
        if mask is None or tuple(mask.shape) != tuple(layer.shape) or int(mask.sum()) != layer.kept:
            raise WinnowError("WN-O02", "the layout is not of this ticket", where=layer.name)


def _check_report(report: KeyReport) -> None:
    if report.wrong > _FAILING * report.bits:
        raise WinnowError(
            "WN-O01",
            f"{report.wrong} of {report.bits} bits could not be written",
            fix="Mark with fewer keys, or a ticket with more weights.",
        )


def _magnitudes(tensors: Mapping[str, Tensor], layout: Layout) -> dict[str, NDArray[Any]]:
    return {layer.name: tensors[layer.name].detach().abs().cpu().float().numpy().reshape(-1) for layer in layout.layers}


def _drawn(key: bytes, masks: Mapping[str, Bits]) -> dict[str, NDArray[Any]]:
    """Without any weights to go by: an order of the positions that only the key gives."""
    return {name: KeyStream(key, f"order:{name}").integers(mask.size, 2**32) for name, mask in masks.items()}
