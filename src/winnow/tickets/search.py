"""`find`: iterative magnitude pruning, level by level, with controls; running again resumes."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from winnow.core import plain
from winnow.data import describe
from winnow.sparsity import Mask, weights_of
from winnow.storage import RunFolder
from winnow.tickets.during import train_level
from winnow.tickets.early_bird import keep_early_birds
from winnow.tickets.levels import LevelFolder
from winnow.tickets.members import Cast
from winnow.tickets.origins import Origins, PrunedOrigins
from winnow.tickets.preparation import prepare
from winnow.tickets.prepared import Prepared
from winnow.tickets.recipe import FindRecipe
from winnow.training import CheckpointFile, Member, Progress, StackResult, device_named
from winnow.training.progress import Silence

MakeOrigins = Callable[[Prepared, RunFolder, nn.Module], Origins]


def find(
    recipe: FindRecipe | Prepared,
    *,
    out: Path | str | None = None,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
    command: str = "",
    checkpoint_seconds: float = 30.0,
    execution: str = "auto",
) -> RunFolder:
    """Find tickets: train, prune, reset, and again, for every replicate at once, with the controls in the same stack.

    Every level that is done is kept in the run folder; running again goes on where the last run ended, also in the
    middle of a level after a kill.

    Args:
        recipe: what to do.
        out: the run folder; `runs/<recipe>-<id>` when not given.
        device: where to train: "cpu", "cuda", "cuda:1", "auto", or a torch device.
        progress: who is told.
        command: what makes this run again, for its report.
        checkpoint_seconds: time between checkpoints within a level.
        execution: "dense", "sparse" (on stored weights), or "auto": what is faster on this machine, level by level.

    Returns:
        The run folder, with metrics and tickets of all levels.
    """
    prepared = recipe if isinstance(recipe, Prepared) else prepare(recipe)
    return conduct(
        prepared,
        PrunedOrigins,
        out=out,
        device=device,
        progress=progress,
        command=command,
        checkpoint_seconds=checkpoint_seconds,
        execution=execution,
    )


def conduct(
    prepared: Prepared,
    make_origins: MakeOrigins,
    *,
    out: Path | str | None = None,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
    command: str = "",
    checkpoint_seconds: float = 30.0,
    execution: str = "auto",
    header: Mapping[str, object] | None = None,
) -> RunFolder:
    """Train every level of a prepared recipe, wherever its masks come from; the rest as in `find`.

    Args:
        make_origins: gives the run's origins, from the prepared recipe, the run folder and the architecture.
        header: more for the run's `recipe.json`.
    """
    where = device_named(device) if isinstance(device, str) else device
    folder = Path(out) if out else prepared.default_folder
    about = {"recipe": plain(prepared.recipe), "data": describe(prepared.data), "command": command, **(header or {})}
    with _taken_back(folder):
        run = RunFolder.create(folder, run_id=prepared.run_id, header=about)
        search = _Search(prepared, run, make_origins, where, progress or Silence(), checkpoint_seconds, execution)
        with run.locked():
            run.check_identity(prepared.run_id)
            try:
                search.run()
            finally:
                search.progress.end()
    return run


@contextlib.contextmanager
def _taken_back(folder: Path) -> Iterator[None]:
    """A run that fails before its first level is done leaves no folder that was not there before.

    An interruption is no failure: what was done so far stays, to be resumed.
    """
    new_folders = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        yield
    except Exception:
        if new_folders and not LevelFolder(RunFolder(folder), 0).is_done():
            shutil.rmtree(new_folders[-1], ignore_errors=True)
        raise


@dataclass
class _Search:
    """One `find` at work."""

    prepared: Prepared
    run_folder: RunFolder
    make_origins: MakeOrigins
    device: torch.device
    progress: Progress
    checkpoint_seconds: float
    execution: str

    def __post_init__(self) -> None:
        self.recipe = self.prepared.recipe
        self.module = self.prepared.model.build(0)
        self.origins = self.make_origins(self.prepared, self.run_folder, self.module)
        self.cast = Cast(self.recipe, self.prepared.model, self.prepared.rewind_step, self.origins.initial)

    def run(self) -> None:
        levels = range(self.recipe.levels + 1)
        self.progress.begin(sum(self.prepared.steps_of(level) for level in levels))
        for level in levels:
            folder = LevelFolder(self.run_folder, level)
            if folder.is_done():
                self.progress.skip(self.prepared.steps_of(level))
                continue
            members = self._members(level)
            results = [self._train(stack, folder) for stack in _by_first_step(members)]
            folder.write(results, self._manifest(), self.prepared.rewind_step)

    def _members(self, level: int) -> list[Member]:
        replicates = range(self.recipe.replicates)
        if level == 0:
            dense = Mask.ones(weights_of(self.cast.initial(0), self.prepared.layers))
            return [self.cast.dense(replicate, dense) for replicate in replicates]
        return self.cast.of_level(level, [self.origins.of(level, replicate) for replicate in replicates])

    def _train(self, members: Sequence[Member], folder: LevelFolder) -> StackResult:
        first, rewind = members[0].first_step, self.prepared.rewind_step
        watch = self.origins.watch() if folder.level == 0 else None
        result = train_level(
            self.prepared,
            self.module,
            members,
            folder.level,
            device=self.device,
            snapshots_at=[rewind] if folder.level == 0 and rewind else [],
            checkpoint=CheckpointFile(folder.checkpoint_path(first), self.checkpoint_seconds),
            progress=self.progress,
            execution=self.execution,
            watch=watch,
        )
        return keep_early_birds(folder.path, result, watch, self.prepared.plan) if watch else result

    def _manifest(self) -> dict[str, object]:
        return {
            "model": self.prepared.model.describe(),
            "source": {
                "recipe": self.recipe.name,
                "run": self.prepared.run_id,
                "data": self.prepared.data.name,
                "data_fingerprint": self.prepared.data.fingerprint,
            },
            "rewind": str(self.recipe.rewind),
        }


def _by_first_step(members: Sequence[Member]) -> list[list[Member]]:
    """Stacks of members that start together; with late rewinding the controls are a stack of their own."""
    firsts = sorted({member.first_step for member in members})
    return [[member for member in members if member.first_step == first] for first in firsts]
