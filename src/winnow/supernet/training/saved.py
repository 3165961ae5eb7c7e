"""A training's state in one file: everything that the next update depends on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from winnow.core import WinnowError, digest
from winnow.data.vision import VisionSet
from winnow.sparsity import load_tensors, save_tensors, tensors_of
from winnow.storage import Metric
from winnow.supernet.network import assembled
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import Architecture
from winnow.supernet.training.learner import Learner
from winnow.supernet.training.optimizers import load_optimizer_state, optimizer_named, optimizer_state
from winnow.supernet.training.phase import Phase

_GROUPS = ("network", "average", "start", "mask", "pruned", "optimizer")


@dataclass
class State:
    """Where a training is.

    Args:
        learner: after its last update and the events that were due.
        phase: index of the phase that is being trained; past the last when all is done.
        done: updates of that phase.
        rows: measurements so far.
        events: searches and prunings so far.
        loss: sum of the losses since the last measurement.
        losses: how many those are.
    """

    learner: Learner
    phase: int = 0
    done: int = 0
    rows: list[Metric] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    loss: float = 0.0
    losses: int = 0


@dataclass
class StateFile:
    """Where the state is kept.

    Args:
        path: the file.
        identity: of phases, recipe and start; a file of another training is not read.
        seconds: at least so long between two writes.
    """

    path: Path
    identity: str
    seconds: float = 30.0
    _written: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() - self._written >= self.seconds

    def write(self, state: State) -> None:
        """Write whole, in place of the last one."""
        learner = state.learner
        groups: dict[str, Mapping[str, Tensor]] = {
            "network": tensors_of(learner.network),
            "average": learner.average,
            "start": learner.start,
            "mask": learner.mask,
            "pruned": learner.pruned,
            "optimizer": optimizer_state(learner.optimizer, learner.network),
        }
        notes = {
            "identity": self.identity,
            "architecture": json.dumps(learner.architecture.to_plain()),
            "counts": json.dumps([learner.seed, learner.step, state.phase, state.done]),
            "rows": json.dumps(state.rows),
            "events": json.dumps(state.events),
            "loss": json.dumps([state.loss, state.losses]),
        }
        tensors = {f"{group}:{name}": t for group, named in groups.items() for name, t in named.items()}
        save_tensors(self.path, tensors, notes)
        self._written = time.monotonic()

    def read(self, like: Learner, recipe: SupernetRecipe) -> State | None:
        """The last state, or None when there is none, it is another training's, or it is damaged.

        Args:
            like: the learner that training starts from, for what is no tensor: device, normalisation, dropout.
            recipe: for the optimizer.
        """
        if not self.path.exists():
            return None
        try:
            tensors, notes = load_tensors(self.path)
            return _state(tensors, notes, like, recipe) if notes["identity"] == self.identity else None
        except (WinnowError, KeyError, ValueError, TypeError):
            return None


def _state(tensors: Mapping[str, Tensor], notes: Mapping[str, str], like: Learner, recipe: SupernetRecipe) -> State:
    groups: dict[str, dict[str, Tensor]] = {group: {} for group in _GROUPS}
    for name, tensor in tensors.items():
        group, _, own = name.partition(":")
        # Copied: a file's tensors lie at any address, and on a CPU the last bit of a product depends on it.
        groups[group][own] = tensor.to(like.device, copy=True)
    seed, step, phase, done = (int(count) for count in json.loads(notes["counts"]))
    architecture = Architecture.from_plain(json.loads(notes["architecture"]))
    network = assembled(architecture, groups["network"], norm=like.network.norm, dropout=like.network.dropout.p)
    optimizer = optimizer_named(recipe.optimizer, network.parameters(), recipe.learning_rate)
    load_optimizer_state(optimizer, network, groups["optimizer"])
    # A file has an order of its own; masks go by the network's, which decides between equal scores.
    order = [name for name, _ in (*network.named_parameters(), *network.named_buffers())]
    kept = (_ordered(groups[group], order) for group in ("average", "mask", "start", "pruned"))
    learner = Learner(network, optimizer, *kept, seed=seed, step=step)
    rows = [Metric(*row) for row in json.loads(notes["rows"])]
    return State(learner, phase, done, rows, json.loads(notes["events"]), *json.loads(notes["loss"]))


def _ordered(tensors: Mapping[str, Tensor], order: Sequence[str]) -> dict[str, Tensor]:
    return {name: tensors[name] for name in order if name in tensors}


def identity_of(learner: Learner, phases: Sequence[Phase], data: VisionSet, recipe: SupernetRecipe) -> str:
    """Of a training: its phases, its recipe, its data, and all that it starts from."""
    counts = [learner.seed, learner.step]
    return digest([list(phases), recipe, data.fingerprint, learner.architecture.to_plain(), counts, _content(learner)])


def _content(learner: Learner) -> str:
    """SHA-256 (64 hex digits) over weights, average and mask."""
    summary = hashlib.sha256()
    for tensors in (learner.network.state_dict(), learner.average, learner.mask):
        for name, tensor in tensors.items():
            summary.update(name.encode())
            summary.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return summary.hexdigest()
