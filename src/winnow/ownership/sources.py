"""A ticket from its folder, with what stands around it: its network, its run's data and training, its dense start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from winnow.models import model_of
from winnow.sparsity import Ticket
from winnow.storage import RunFolder
from winnow.tickets.connectivity.plan import prepared_of
from winnow.tickets.levels import LevelFolder
from winnow.tickets.prepared import Prepared


@dataclass(frozen=True)
class Source:
    """A ticket's folder, read. What only a run knows is looked up when it is asked for.

    Args:
        folder: where it lies.
        ticket: with its trained weights, where it has them.
        run: the run around it, when it stands in one.
    """

    folder: Path
    ticket: Ticket
    run: RunFolder | None

    def module(self) -> nn.Module:
        """A new network of the ticket's architecture, its start loaded.

        Raises:
            WinnowError: WN-M01 when the manifest names none or it cannot be built, WN-M02 when the ticket does not fit.
        """
        return module_of(self.ticket)

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Of one input, without the batch; None where neither the ticket nor a run tells."""
        arguments = self._model.get("arguments", {})
        if "max_tokens" in arguments:
            return (arguments["max_tokens"],)
        shape = arguments.get("image_shape")
        if not shape and self.run is not None:
            shape = self.run.header().get("data", {}).get("shape")
        return tuple(shape) if shape else None

    @property
    def architecture(self) -> dict[str, Any]:
        """What a claim tells of the network: builder and arguments, shape of an input."""
        told: dict[str, Any] = {"model": dict(self._model)} if self._model else {}
        return {**told, "input_shape": list(self.input_shape)} if self.input_shape else told

    @cached_property
    def dense(self) -> Ticket | None:
        """The run's dense network, whose start this ticket's is a part of; None where there is none."""
        replicate = self.ticket.manifest.get("source", {}).get("replicate")
        if self.run is None or not isinstance(replicate, int):
            return None
        level = LevelFolder(self.run, 0)
        if not level.ticket_path(replicate).is_dir():
            return None
        found = level.ticket(replicate)
        return found if _is_part(self.ticket, found.start) else None

    def prepared(self) -> Prepared | None:
        """Data and training of the run around the ticket; None where there is none.

        Raises:
            WinnowError: WN-R03 when its data is another by now, and as `winnow.tickets.prepare`.
        """
        return None if self.run is None else prepared_of(self.run)

    @property
    def _model(self) -> Mapping[str, Any]:
        return self.ticket.manifest.get("model") or {}


def open_source(folder: Path | str) -> Source:
    """Read a ticket's folder: one of a run, of a grokking study, or any other.

    Raises:
        WinnowError: WN-S03 when there is no ticket, or it is damaged.
    """
    place = Path(folder)
    around = place.absolute().parent.parent
    # Grokking studies keep a recipe.json as well, but of another kind, and no levels.
    is_run = (around / "recipe.json").is_file() and place.absolute().parent.name.startswith("level-")
    return Source(place, Ticket.from_pretrained(place), RunFolder(around) if is_run else None)


def module_of(ticket: Ticket) -> nn.Module:
    """A new network as the ticket's manifest says, its start loaded; any builder that can be imported.

    Raises:
        WinnowError: WN-M01 when the manifest names none or it cannot be built, WN-M02 when the ticket does not fit.
    """
    return ticket.load_into(model_of(ticket.manifest).build(0))


def _is_part(ticket: Ticket, start: Mapping[str, Tensor]) -> bool:
    """Whether the ticket's start is this start under its mask."""
    return start.keys() == ticket.start.keys() and all(
        start[name].shape == own.shape
        and torch.equal(start[name] if name not in ticket.mask else torch.where(ticket.mask[name], start[name], 0), own)
        for name, own in ticket.start.items()
    )
