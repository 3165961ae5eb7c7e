"""The levels of a run on disk: tickets, the trunk's weights, metrics, and the mark that a level is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from winnow.sparsity import Ticket, load_tensors, save_tensors
from winnow.storage import Metric, RunFolder, read_json, write_json, write_part
from winnow.tickets.marks import DONE
from winnow.tickets.recipe import TICKET, TRUNK
from winnow.tickets.summary import summarise
from winnow.training import Member, StackResult, Trained


class LevelFolder:
    """`level-NN/`: a ticket per replicate. `done.json` is written last: without it the level counts as not done."""

    def __init__(self, run: RunFolder, level: int) -> None:
        self._run, self.level, self.path = run, level, run.level(level)

    def is_done(self) -> bool:
        """Whether every file of the level was written."""
        return (self.path / DONE).is_file()

    def done(self) -> dict[str, Any]:
        """Mask digests, density and ways of execution, as noted at the end of the level."""
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

    def write(self, results: Sequence[StackResult], manifest: Mapping[str, Any], rewind_step: int = 0) -> None:
        """Write what the stacks of this level gave: metrics, tickets, trunk, and at last the mark."""
        trained = [network for stack in results for network in stack.trained]
        tickets = [network for network in trained if network.member.branch == TICKET]
        self._write_metrics(results, trained)
        for network, measured in zip(tickets, self._measured(), strict=True):
            self._write_ticket(network, manifest, measured, rewind_step)
        for network in trained:
            if network.member.branch == TRUNK:
                save_tensors(self._trunk_file(network.member.replicate), network.tensors)
        for checkpoint in self.path.glob("checkpoint-*"):
            checkpoint.unlink()
        masks = [network.member.mask for network in tickets]
        digests = [mask.digest() for mask in masks]
        ways = list(dict.fromkeys(stack.execution for stack in results))
        done = {"level": self.level, "masks": digests, "density": masks[0].density, "execution": ways}
        write_json(self.path / DONE, done)

    def _write_ticket(
        self, network: Trained, manifest: Mapping[str, Any], measured: Mapping[str, float], rewind_step: int
    ) -> None:
        member = network.member
        source = {**manifest["source"], "level": self.level, "replicate": member.replicate}
        start = network.snapshots.get(rewind_step, member.start)
        ticket = Ticket(start, member.mask, network.tensors, {**manifest, "source": source, "results": measured})
        ticket.save_pretrained(self.ticket_path(member.replicate))

    def _measured(self) -> list[dict[str, float]]:
        """Per replicate: where the ticket's validation loss was lowest, and the accuracies there."""
        (level,) = [s for s in summarise(self._run.metrics) if (s.branch, s.level) == (TICKET, self.level)]
        columns = zip(
            level.early_stop_step.values, level.validation_accuracy.values, level.test_accuracy.values, strict=True
        )
        names = ("early_stop_step", "validation_accuracy", "test_accuracy")
        return [dict(zip(names, values, strict=True)) for values in columns]

    def _write_metrics(self, results: Sequence[StackResult], trained: Sequence[Trained]) -> None:
        rows = [row for stack in results for row in stack.rows]
        for network in trained:
            rows += _densities(network.member, self.level)
        write_part(self._run.metrics, self.path.name, rows)

    def _trunk_file(self, replicate: int) -> Path:
        return self.path / f"trunk-{replicate}.safetensors"


def _densities(member: Member, level: int) -> list[Metric]:
    """What remained in the end, in all and layer by layer."""
    place = (member.replicate, member.branch, level, 0, "mask")
    per_tensor = [Metric(*place, f"density/{n}", value) for n, value in member.mask.densities().items()]
    return [Metric(*place, "density", member.mask.density), *per_tensor]
