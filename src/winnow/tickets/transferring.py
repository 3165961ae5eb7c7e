"""`transfer`: a ticket's mask and start onto another data set or another head (Morcos et al. 2019)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from winnow.core import WinnowError, canonical_json, derive_seed
from winnow.sparsity import Mask, Ticket, tensors_of
from winnow.storage import RunFolder
from winnow.tickets.controls import Origin
from winnow.tickets.levels import LevelFolder
from winnow.tickets.preparation import prepare
from winnow.tickets.prepared import Prepared
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.search import conduct
from winnow.tickets.show import finished_levels
from winnow.training import Progress

HEADS = ("auto", "fresh")


@dataclass(frozen=True)
class Transfer:
    """A transfer laid out: the target's recipe with the source's densities, and the source's tickets.

    Args:
        prepared: the target; level i + 1 of its run holds the i-th source level.
        dense: the source's dense tickets, one per replicate.
        tickets: per level, the source's tickets, one per replicate.
        carried: names of the tensors that are carried over; all others are drawn anew and stay dense.
    """

    prepared: Prepared
    dense: list[Ticket]
    tickets: list[list[Ticket]]
    carried: frozenset[str]

    def describe(self) -> dict[str, object]:
        """As `Prepared.describe`, with what is carried over and what is drawn anew."""
        module = self.prepared.model.build(0)
        anew = sorted(tensors_of(module).keys() - self.carried)
        return {**self.prepared.describe(), "carried": sorted(self.carried), "drawn_anew": anew}


def prepare_transfer(
    recipe: FindRecipe, source: RunFolder, *, levels: Sequence[int] = (), head: str = "auto"
) -> Transfer:
    """Lay out a transfer; nothing is written.

    Args:
        recipe: data and training of the target; its network must share tensors of equal name and shape with the
            source's.
        source: the run whose tickets are carried over.
        levels: which of its levels; all finished ones when not given.
        head: "auto" carries the output layer over where it fits; "fresh" always draws it anew.

    Raises:
        WinnowError: WN-R05 or WN-R06 when the source has no such level, WN-M02 when the networks share no prunable
            tensor, WN-R02 for more replicates than the source has, and as `prepare`.
    """
    if head not in HEADS:
        raise WinnowError("WN-R02", f"{head!r} is not one of {', '.join(HEADS)}", where="--head")
    chosen = _levels(source, levels)
    count = recipe.replicates
    if count > len(list(source.level(0).glob("replicate-*"))):
        raise WinnowError("WN-R02", f"the source has fewer than {count} replicates", where="--replicates")
    dense = [LevelFolder(source, 0).ticket(replicate) for replicate in range(count)]
    tickets = [[LevelFolder(source, level).ticket(r) for r in range(count)] for level in chosen]
    densities = tuple(round(level[0].mask.density, 6) for level in tickets)
    settled = dataclasses.replace(
        recipe, densities=densities, rounds="iterative", rewind="0it", during="none", early_bird=0.0
    )
    prepared = prepare(settled)
    carried = _carried(prepared, dense[0], head)
    identity = _identity(prepared, tickets, carried)
    return Transfer(dataclasses.replace(prepared, run_id=identity), dense, tickets, carried)


def transfer(
    recipe: FindRecipe | Transfer,
    source: RunFolder | Path | str,
    *,
    levels: Sequence[int] = (),
    head: str = "auto",
    out: Path | str | None = None,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
    command: str = "",
    execution: str = "auto",
) -> RunFolder:
    """Train a run's tickets on other data, beside the dense network and the recipe's controls.

    The run folder is that of a search: level 0 is the source's dense start on the target, level i + 1 its i-th chosen
    level; so reports and comparisons read it as any other. Running again resumes.

    Args:
        recipe: the target, or a transfer already prepared.
        source: the run whose tickets are carried over.
        levels: see `prepare_transfer`.
        head: see `prepare_transfer`.
        out: the run folder; `runs/<recipe>-<id>` when not given.
        device: where to train.
        progress: who is told.
        command: what makes this run again, for its report.
        execution: see `find`.
    """
    opened = source if isinstance(source, RunFolder) else RunFolder.open(source)
    laid = recipe if isinstance(recipe, Transfer) else prepare_transfer(recipe, opened, levels=levels, head=head)
    return conduct(
        laid.prepared,
        lambda prepared, _, module: _TransferredOrigins(prepared, laid, module),
        out=out,
        device=device,
        progress=progress,
        command=command,
        execution=execution,
        header={"transfer": {"source": opened.header()["id"], "carried": sorted(laid.carried)}},
    )


class _TransferredOrigins:
    """Masks and starts of another run's tickets; what does not fit is drawn anew and stays dense."""

    def __init__(self, prepared: Prepared, laid: Transfer, module: nn.Module) -> None:
        self._prepared, self._laid = prepared, laid
        self._names = [layer.name for layer in prepared.layers]
        self._shapes = {name: module.get_parameter(name).shape for name in self._names}

    def initial(self, replicate: int) -> dict[str, Tensor]:
        return self._carried_into(self._drawn(replicate), self._laid.dense[replicate].start)

    def of(self, level: int, replicate: int) -> Origin:
        ticket = self._laid.tickets[level - 1][replicate]
        start = self._carried_into(self._drawn(replicate), self._laid.dense[replicate].start)
        masks = {n: ticket.mask[n] if self._is_masked(n, ticket) else _whole(self._shapes[n]) for n in self._names}
        return Origin(Mask(masks), start, None)

    def watch(self) -> None:
        return None

    def _drawn(self, replicate: int) -> dict[str, Tensor]:
        return tensors_of(
            self._prepared.model.build(derive_seed(self._prepared.recipe.seed, "init", "start", replicate))
        )

    def _carried_into(self, drawn: dict[str, Tensor], start: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: start[name] if name in self._laid.carried else own for name, own in drawn.items()}

    def _is_masked(self, name: str, ticket: Ticket) -> bool:
        return name in self._laid.carried and name in ticket.mask


def _whole(shape: torch.Size) -> Tensor:
    return torch.ones(shape, dtype=torch.bool)


def _levels(source: RunFolder, levels: Sequence[int]) -> list[int]:
    done = finished_levels(source)
    if len(done) < 2:
        raise WinnowError("WN-R06", "no pruned level of this run is finished", where=source.path, fix="Let it run on.")
    missing = [level for level in levels if level not in done[1:]]
    if missing:
        raise WinnowError("WN-R06", f"no finished level {missing[0]}", where=source.path, fix=f"From 1 to {done[-1]}.")
    return sorted(set(levels)) or done[1:]


def _carried(prepared: Prepared, source: Ticket, head: str) -> frozenset[str]:
    own = tensors_of(prepared.model.build(0))
    output = next((layer.name for layer in prepared.layers if layer.kind == "output"), prepared.layers[-1].name)
    prefix = output.rpartition(".")[0]
    fitting = {n for n, t in own.items() if n in source.start and source.start[n].shape == t.shape}
    # A bias belongs to its weight: where one does not fit, the other is drawn anew too.
    odd = {name.rpartition(".")[0] for name in own.keys() - fitting}
    carried = frozenset(n for n in fitting if n.rpartition(".")[0] not in odd and (head == "auto" or n != output))
    if head == "fresh":
        carried = frozenset(n for n in carried if n.rpartition(".")[0] != prefix)
    if not any(layer.name in carried and layer.name in source.mask for layer in prepared.layers):
        raise WinnowError(
            "WN-M02",
            "the source's network and this one share no prunable weights of equal name and shape",
            fix="Give the source's own --model.",
        )
    return carried


def _identity(prepared: Prepared, tickets: Sequence[Sequence[Ticket]], carried: frozenset[str]) -> str:
    """The target's identity with the masks and starts that are carried over."""
    content: dict[str, Any] = {
        "target": prepared.run_id,
        "carried": sorted(carried),
        "masks": [[ticket.mask.digest() for ticket in level] for level in tickets],
        "starts": [ticket.manifest["files"]["start.safetensors"] for ticket in tickets[0]],
    }
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
