"""What is analysed: the tickets of a run's finished levels, and its network where it can be built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from winnow.core import WinnowError
from winnow.models import model_of
from winnow.sparsity import Ticket, multiply_adds
from winnow.storage import RunFolder
from winnow.tickets.levels import LevelFolder
from winnow.tickets.show import finished_levels


@dataclass(frozen=True)
class Material:
    """A run, ready to be read level by level.

    Attributes:
        levels: what is analysed, level 0 first.
        replicates: tickets a level.
        module: the network, or None when it cannot be built here.
        counts: multiply-adds per example and weight; empty when they are not known.
        notes: what is not known, and why.
    """

    run: RunFolder
    levels: tuple[int, ...]
    replicates: int
    module: nn.Module | None
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def tickets(self, level: int) -> list[Ticket]:
        """The tickets of a level, files checked.

        Raises:
            WinnowError: WN-S03 for a damaged one.
        """
        folder = LevelFolder(self.run, level)
        return [folder.ticket(replicate) for replicate in range(self.replicates)]


def gather(run: RunFolder | Path | str, levels: Sequence[int] = ()) -> Material:
    """Choose the levels and build the network. Level 0, the dense network, is always among them.

    Raises:
        WinnowError: WN-R05 when there is no run or no level has finished, WN-R06 for a level that is not there.
    """
    opened = RunFolder.open(run.path if isinstance(run, RunFolder) else run)
    done = finished_levels(opened)
    if not done:
        raise WinnowError("WN-R05", "no level has finished", where=opened.path, fix="Run the recipe again: it resumes.")
    missing = sorted(set(levels) - set(done))
    if missing:
        raise WinnowError(
            "WN-R06",
            f"no finished level {', '.join(map(str, missing))}",
            where="--levels",
            fix=f"There are 0 to {done[-1]}.",
        )
    chosen = tuple(sorted({0, *levels})) if levels else tuple(done)
    replicates = len(list(opened.level(0).glob("replicate-*/ticket.json")))
    first = LevelFolder(opened, 0).ticket(0)
    try:
        module = model_of(first.manifest).build(0)
        counts = multiply_adds(module, _blank(first, opened.header().get("data") or {}))
        unused = [name for name in first.mask if not counts.get(name)]
        notes = (_UNUSED.format(", ".join(unused)),) if unused else ()
        return Material(opened, chosen, replicates, module, counts, notes)
    except WinnowError as error:
        note = f"Compression ratio and speed-up are not known, as the network cannot be run here: {error.what}."
        return Material(opened, chosen, replicates, None, {}, (note,))


_UNUSED = "No multiply-adds are counted for {}: no linear layer or convolution was called with them."


def _blank(ticket: Ticket, data: dict[str, Any]) -> torch.Tensor:
    """One input of zeros: an image of the ticket's or the data's shape, or a text of the data's length."""
    shape = ticket.manifest["model"].get("arguments", {}).get("image_shape") or data.get("shape")
    if not shape:
        raise WinnowError("WN-M02", "neither the ticket nor the run tells the shape of an input")
    return torch.zeros(1, *shape, dtype=torch.long if "texts" in data else torch.float32)
