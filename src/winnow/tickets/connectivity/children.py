"""The networks of a stability measurement: the trunk up to the steps k, and the children that part there.

All are kept as files in the run folder, so that a killed command goes on, and so that other points, splits or
treatments of batch normalisation train nothing again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from winnow.core import canonical_json, derive_seed
from winnow.sparsity import Mask, load_tensors, save_tensors, weights_of
from winnow.storage import read_json, write_json
from winnow.tickets.connectivity.plan import Place, PlannedRun
from winnow.tickets.levels import LevelFolder
from winnow.tickets.members import Cast
from winnow.tickets.origins import PrunedOrigins
from winnow.tickets.recipe import RANDOM
from winnow.training import CheckpointFile, Member, Progress, StackResult, train

_NAME = 16


@dataclass(frozen=True)
class Child:
    """Which child: of which mask and replicate, and its number."""

    branch: str
    replicate: int
    number: int


@dataclass
class Nursery:
    """Trains and keeps the networks of one run.

    Args:
        planned: the run and its places.
        device: where to train.
        progress: who is told.
        checkpoint_seconds: time between checkpoints.
        execution: of the children, as for `train`.
    """

    planned: PlannedRun
    device: torch.device
    progress: Progress
    checkpoint_seconds: float = 30.0
    execution: str = "auto"

    def __post_init__(self) -> None:
        prepared = self.planned.prepared
        self._recipe, self._module = prepared.recipe, prepared.model.build(0)
        self._cast = Cast(prepared.recipe, prepared.model, prepared.rewind_step, lambda r: self.start(0, r))
        self._masks: dict[tuple[int, str, int], Mask] = {}

    def mask(self, level: int, branch: str, replicate: int) -> Mask:
        """The level's mask; for "random", as many of every layer at places drawn from a stream of its own."""
        key = (level, branch, replicate)
        if key not in self._masks:
            mask = LevelFolder(self.planned.run, level).ticket(replicate).mask
            seed = derive_seed(self._recipe.seed, "mask", "connect", replicate, level)
            self._masks[key] = mask.shuffled(seed) if branch == RANDOM else mask
        return self._masks[key]

    def start(self, step: int, replicate: int) -> dict[str, Tensor]:
        """All tensors of the dense network at a step of its training in the run, before any mask.

        The rewind step stands in the run, the initialisation follows from its seed; the rest is from `grow_trunk`.
        """
        if step == self.planned.prepared.rewind_step:
            return dict(LevelFolder(self.planned.run, 0).ticket(replicate).start)
        if step == 0:
            return PrunedOrigins(self.planned.prepared, self.planned.run, self._module).initial(replicate)
        return load_tensors(self._trunk_file(step, replicate))[0]

    def grow_trunk(self, steps: Sequence[int]) -> None:
        """Train the run's dense networks again, with the run's own seeds, and keep their tensors at the steps.

        All replicates of the run train as one stack, as they did in the run: so every product rounds as it did there.
        """
        replicates = range(self._recipe.replicates)
        steps = [step for step in steps if not all(self._trunk_file(step, r).exists() for r in replicates)]
        self.progress.skip((max(self.planned.trunk_steps, default=0) - max(steps, default=0)) * len(replicates))
        if not steps:
            return
        dense = Mask.ones(weights_of(self.start(0, 0), self.planned.prepared.layers))
        members = [self._cast.dense(replicate, dense) for replicate in replicates]
        rewind = self.planned.prepared.rewind_step
        passed = [*steps, rewind] if 0 < rewind < max(steps) else steps
        result = self._train(members, 0, self._checkpoint("trunk", steps), passed)
        for network in result.trained:
            for step in steps:
                save_tensors(self._trunk_file(step, network.member.replicate), network.snapshots[step])
        if len(passed) > len(steps):
            same = [self._is_start(network.member.replicate, network.snapshots[rewind]) for network in result.trained]
            write_json(self._check_file, {"same": all(same)})
        self._checkpoint("trunk", steps).remove()

    def note(self) -> str:
        """A caution when the trunk is known not to be the run's own network; empty otherwise."""
        if not self._check_file.exists() or read_json(self._check_file)["same"]:
            return ""
        return (
            f"The dense networks of {self.planned.run.path.name}, trained again here, are not bit for bit its own "
            "(another machine or number of threads): steps besides 0 and the rewind step start near its path."
        )

    def _is_start(self, replicate: int, tensors: Mapping[str, Tensor]) -> bool:
        start = self.start(self.planned.prepared.rewind_step, replicate)
        return all(torch.equal(tensor, start[name]) for name, tensor in tensors.items())

    @property
    def _check_file(self) -> Path:
        return self.planned.folder / "trunk" / "check.json"

    def grow(self, place: Place, children: Iterable[Child]) -> None:
        """Train those of the children that are not there yet, as one stack, from the place's step to the end."""
        wanted = list(children)
        missing = [child for child in wanted if self._kept(place, child) is None]
        length = self.planned.prepared.plan.steps - place.step
        self.progress.skip(length * (len(wanted) - len(missing)))
        if not missing:
            return
        name = [place.level, place.step, *([c.branch, c.replicate, c.number] for c in missing)]
        members = [self._member(place, child) for child in missing]
        result = self._train(members, place.level, self._checkpoint("children", name))
        for child, network in zip(missing, result.trained, strict=True):
            note = {"mask": network.member.mask.digest()}
            save_tensors(self._child_file(place, child), network.tensors, note)
        self._checkpoint("children", name).remove()

    def trained(self, place: Place, child: Child) -> dict[str, Tensor]:
        """All tensors of a trained child."""
        kept = self._kept(place, child)
        if kept is None:
            raise AssertionError("children are trained before they are measured")
        return kept

    def _kept(self, place: Place, child: Child) -> dict[str, Tensor] | None:
        """A child's tensors, unless it was trained under another mask than the level has now."""
        file = self._child_file(place, child)
        if not file.exists():
            return None
        tensors, notes = load_tensors(file)
        same = notes.get("mask") == self.mask(place.level, child.branch, child.replicate).digest()
        return tensors if same else None

    def _member(self, place: Place, child: Child) -> Member:
        """A child's order is named by replicate and number alone: levels, steps and masks are compared on one draw.

        No order of the run has such a name, so children see other batches than the run's own networks.
        """
        seed = self._recipe.seed
        return Member(
            branch=child.branch,
            replicate=child.replicate,
            start=self.start(place.step, child.replicate),
            mask=self.mask(place.level, child.branch, child.replicate),
            order_seed=derive_seed(seed, "order", "child", child.replicate, child.number),
            noise_seed=derive_seed(seed, "noise", "child", child.replicate, child.number),
            first_step=place.step,
        )

    def _train(
        self, members: Sequence[Member], level: int, checkpoint: CheckpointFile, snapshots: Sequence[int] = ()
    ) -> StackResult:
        prepared = self.planned.prepared
        return train(
            self._module,
            members,
            prepared.data,
            prepared.plan,
            device=self.device,
            level=level,
            snapshots_at=snapshots,
            stop_at=max(snapshots) if snapshots else None,
            checkpoint=checkpoint,
            progress=self.progress,
            execution=self.execution,
        )

    def _checkpoint(self, kind: str, name: Sequence[object]) -> CheckpointFile:
        """A stack's state; named by its members, because no other stack can go on from it."""
        short = f"{derive_seed(0, canonical_json(list(name))):0{_NAME}x}"
        return CheckpointFile(self.planned.folder / kind / f"checkpoint-{short}.safetensors", self.checkpoint_seconds)

    def _trunk_file(self, step: int, replicate: int) -> Path:
        return self.planned.folder / "trunk" / f"step-{step}-replicate-{replicate}.safetensors"

    def _child_file(self, place: Place, child: Child) -> Path:
        folder = self.planned.folder / "children" / f"level-{place.level:02d}-step-{place.step}"
        return folder / f"{child.branch}-replicate-{child.replicate}-child-{child.number}.safetensors"
