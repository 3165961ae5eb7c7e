"""The levels of a run on disk: tickets, the trunk's weights, metrics, and the mark that a level is done."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from winnow.sparsity import Ticket, load_tensors, save_tensors
from winnow.storage import Metric, RunFolder, read_json, write_json, write_part
from winnow.tickets.recipe import TICKET, TRUNK
from winnow.training import StackResult

DONE = "done.json"


class LevelFolder:
    """`level-NN/`: a ticket per replicate. `done.json` is written last: without it the level counts as not done."""

    def __init__(self, run: RunFolder, level: int) -> None:
        self._run, self.level, self.path = run, level, run.level(level)

    def is_done(self) -> bool:
        """Whether every file of the level was written."""
        return (self.path / DONE).is_file()

    def done(self) -> dict[str, Any]:
        """Mask digests and density, as noted at the end of the level."""
        return read_json(self.path / DONE)

    def ticket_path(self, replicate: int) -> Path:
        """The folder of a replicate's ticket."""
        return self.path / f"replicate-{replicate}"

    def ticket(self, replicate: int) -> Ticket:
        """A replicate's ticket with its trained weights, files checked."""
        return Ticket.from_pretrained(self.ticket_path(replicate))

    def trunk(self, replicate: int) -> dict[str, Tensor] | None:
        """Trained tensors of the trunk in continued training, when there is one."""
        file = self._trunk_file(replicate)
        return load_tensors(file)[0] if file.exists() else None

    def checkpoint_path(self, first_step: int) -> Path:
        """Where the stack that starts at that step keeps its state."""
        return self.path / f"checkpoint-{first_step}.safetensors"

    def write(self, results: Sequence[StackResult], manifest: Mapping[str, Any]) -> None:
        """Write what the stacks of this level gave, then the mark."""
        tickets = []
        for result in (trained for stack in results for trained in stack.trained):
            member = result.member
            if member.branch == TICKET:
                start = member.start if result.snapshot is None else result.snapshot
                source = {**manifest["source"], "level": self.level, "replicate": member.replicate}
                ticket = Ticket(start, member.mask, result.tensors, {**manifest, "source": source})
                ticket.save_pretrained(self.ticket_path(member.replicate))
                tickets.append(ticket)
            elif member.branch == TRUNK:
                save_tensors(self._trunk_file(member.replicate), result.tensors)
        self._write_metrics(results, tickets)
        digests = [ticket.mask.digest() for ticket in tickets]
        for checkpoint in self.path.glob("checkpoint-*"):
            checkpoint.unlink()
        write_json(self.path / DONE, {"level": self.level, "masks": digests, "density": tickets[0].mask.density})

    def remove(self) -> None:
        """Take back an unfinished level."""
        if not self.is_done():
            shutil.rmtree(self.path, ignore_errors=True)

    def _write_metrics(self, results: Sequence[StackResult], tickets: Sequence[Ticket]) -> None:
        rows = [row for stack in results for row in stack.rows]
        branches = {(row.replicate, row.branch) for row in rows}
        for replicate, branch in sorted(branches):
            rows += _densities(tickets[replicate], replicate, branch, self.level)
        write_part(self._run.metrics, self.path.name, rows)

    def _trunk_file(self, replicate: int) -> Path:
        return self.path / f"trunk-{replicate}.safetensors"


def _densities(ticket: Ticket, replicate: int, branch: str, level: int) -> list[Metric]:
    """Every branch of a replicate has the ticket's densities, layer by layer."""
    place = (replicate, branch, level, 0, "mask")
    per_tensor = [Metric(*place, f"density/{n}", value) for n, value in ticket.mask.densities().items()]
    return [Metric(*place, "density", ticket.mask.density), *per_tensor]
