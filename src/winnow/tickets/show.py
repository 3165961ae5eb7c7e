"""Reading back: a ticket with its network, a run's state, the table that a person or a program reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from winnow.models import model_of
from winnow.sparsity import Mask, Ticket
from winnow.storage import RunFolder
from winnow.tickets.levels import LevelFolder


def load_ticket(folder: Path | str, *, trained: bool = False) -> tuple[Ticket, nn.Module]:
    """A ticket and its network, built as the manifest says and filled with the start (or trained) weights.

    Args:
        folder: the ticket's folder, such as `runs/lenet-digits-.../level-07/replicate-0`.
        trained: fill in the trained weights.

    Raises:
        WinnowError: WN-S03 for a damaged ticket, WN-M01 or WN-M02 when its network cannot be built.
    """
    ticket = Ticket.from_pretrained(folder)
    return ticket, ticket.load_into(model_of(ticket.manifest).build(0), trained=trained)


def finished_levels(run: RunFolder) -> list[int]:
    """The levels that are done, from 0 on."""
    levels = []
    while LevelFolder(run, len(levels)).is_done():
        levels.append(len(levels))
    return levels


def first_layer(run: RunFolder) -> tuple[Any, tuple[int, int, int]] | None:
    """The first layer's mask [out, in] of the sparsest ticket as a NumPy array, and the shape of an input image.

    None when no level is done or the first layer does not read the pixels one by one.
    """
    levels = finished_levels(run)
    if not levels:
        return None
    ticket = LevelFolder(run, levels[-1]).ticket(0)
    shape = ticket.manifest.get("model", {}).get("arguments", {}).get("image_shape")
    mask = next(iter(Mask(ticket.mask).values()))
    if not shape or mask.dim() != 2 or mask.shape[1] != shape[0] * shape[1] * shape[2]:
        return None
    return mask.numpy(), (shape[0], shape[1], shape[2])
