"""`Source`: what a finished run leaves for other runs to start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Ticket
from winnow.supernet.network import Supernet, assembled
from winnow.supernet.space import Architecture, costs_of

TICKET, RETRAINED = "ticket", "ticket-retrained"


@dataclass(frozen=True, eq=False)
class Source:
    """A ticket and its architecture.

    Attributes:
        architecture: what search left.
        mask: by maskable weight's name.
        trained: parameters and buffers after training, masked weights exactly 0.
        start: the same before the first step.
    """

    architecture: Architecture
    mask: Mapping[str, Tensor]
    trained: Mapping[str, Tensor]
    start: Mapping[str, Tensor]

    @property
    def weights(self) -> int:
        """Weights that remain, as `costs_of` counts them: convolutions, token paths and classifier."""
        return remaining(self.architecture, self.mask)

    def network(self) -> Supernet:
        """The trained network in eval mode."""
        return assembled(self.architecture, {n: t.clone() for n, t in self.trained.items()}).eval()


def remaining(architecture: Architecture, mask: Mapping[str, Tensor]) -> int:
    """The architecture's weights less those that the mask hides."""
    return costs_of(architecture).parameters - sum(int((~part).sum()) for part in mask.values())


def read_source(folder: Path) -> Source:
    """The last ticket of a finished run: the retrained one where there is one.

    Raises:
        WinnowError: WN-R05 when no ticket is there yet, WN-S03 when it is damaged or no supernet's.
    """
    place = next((folder / name for name in (RETRAINED, TICKET) if (folder / name).is_dir()), None)
    if place is None:
        raise WinnowError("WN-R05", "no ticket of a supernet is here yet", where=folder, fix="Finish its run first.")
    return source_of(Ticket.from_pretrained(place), place)


def source_of(ticket: Ticket, where: object = None) -> Source:
    """A ticket's parts.

    Raises:
        WinnowError: WN-S03 when it is no supernet's or has no trained tensors.
    """
    try:
        architecture = Architecture.from_plain(ticket.manifest["model"]["arguments"]["architecture"])
    except (KeyError, TypeError) as error:
        raise WinnowError("WN-S03", "its manifest names no architecture of a supernet", where=where) from error
    if ticket.trained is None:
        raise WinnowError("WN-S03", "it was saved without trained weights", where=where)
    return Source(architecture, dict(ticket.mask), ticket.trained, ticket.start)
