"""Trains one batch of a study and keeps what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from winnow.execution import hold_memory
from winnow.grokking.accelerators import accelerator_named
from winnow.grokking.branches import Branch, Given, Made, Problem, Streams, base_named, needs
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.stacks.member import Grokked, Member, Plan
from winnow.grokking.stacks.trainer import train
from winnow.grokking.studies.batches import Batch, Run, Way
from winnow.grokking.studies.folder import StudyFolder, tensors_at
from winnow.sparsity import Mask
from winnow.training import CheckpointFile, Progress, device_named


@dataclass(frozen=True)
class Work:
    """How a batch is worked on; nothing of it changes a result beyond rounding.

    Attributes:
        device: "cpu", "cuda", "auto".
        checkpoint_seconds: at least so long between two checkpoints.
    """

    device: str = "auto"
    checkpoint_seconds: float = 60.0


def problem_of(recipe: GrokRecipe) -> Problem:
    """The recipe's task and network."""
    streams = Streams(recipe.seed)
    return Problem(recipe.task, recipe.network, recipe.fraction, recipe.init_scale, streams, recipe.data or None)


def train_batch(path: Path, recipe: GrokRecipe, batch: Batch, work: Work, progress: Progress | None = None) -> None:
    """Train the runs of a batch that are not done yet, and write each to the study's folder.

    Raises:
        WinnowError: what `winnow.grokking.stacks.trainer.train` raises.
    """
    folder, problem = StudyFolder(path), problem_of(recipe)
    checkpoint = CheckpointFile(path / "checkpoints" / f"{batch.name}.safetensors", work.checkpoint_seconds)
    # A checkpoint is of all runs of the batch: a kill while they were being written must not break the stack up.
    going_on = checkpoint.path.exists()
    runs = [run for run in batch.runs if going_on or not folder.is_done(*run)]
    if not runs:
        return
    hold_memory()
    made = [made_of(folder, recipe, problem, run) for run in runs]
    members = [_member(recipe, problem, run, made_one) for run, made_one in zip(runs, made, strict=True)]
    plan = plan_of(recipe, batch.way, batch.steps)
    device = device_named(work.device)
    grokked = train(
        problem.task, problem.network, members, plan, device=device, checkpoint=checkpoint, progress=progress
    )
    for run, one in zip(grokked, made, strict=True):
        # What edge-popup has chosen at the end: all other weights are exactly 0.
        mask = Mask({name: run.final[name] != 0 for name in one.supermask.scores}) if one.supermask else one.mask
        search = _search_steps(folder, recipe, Branch.parse(run.branch), run.replicate) + one.passes
        if run.branch == "ticket":
            folder.write_ticket(run, one, _manifest(recipe, run, search))
        folder.write(run, mask, search_steps=search, split=problem.split(run.replicate).digest)
    checkpoint.remove()


def made_of(folder: StudyFolder, recipe: GrokRecipe, problem: Problem, run: Run) -> Made:
    """Start and mask of one run, from the runs that it needs."""
    name, replicate = run
    branch = Branch.parse(name)
    given = Given(
        problem=problem,
        done=_Done(folder, replicate),
        replicate=replicate,
        branch=branch,
        rate=recipe.rate if branch.rate is None else branch.rate,
        at=_at(recipe, branch),
        loss=recipe.loss,
    )
    return base_named(branch.base)(given)


@dataclass(frozen=True)
class _Done:
    """See `winnow.grokking.branches.Done`."""

    folder: StudyFolder
    replicate: int

    def weights(self, branch: str, step: int | None) -> Mapping[str, Tensor]:
        return tensors_at(self.folder.tensors(branch, self.replicate), branch, self.replicate, step)

    def mask(self, branch: str) -> Mask | None:
        return self.folder.tensors(branch, self.replicate).mask(branch, self.replicate)


def plan_of(recipe: GrokRecipe, way: Way, steps: int) -> Plan:
    """How a stack of that way is trained."""
    accelerator = accelerator_named(way.accelerator) if way.accelerator else None
    snapshots = range(0, steps + 1, recipe.snapshot_every) if way.kept else ()
    return Plan(
        steps=steps,
        loss=(accelerator and accelerator.loss) or recipe.loss,
        rule=(accelerator and accelerator.rule) or recipe.optimizer,
        betas=(accelerator and accelerator.betas) or recipe.betas,
        batch=recipe.batch or None,
        evaluate_every=recipe.evaluate_every,
        evaluate_early=recipe.evaluate_early,
        record_every=recipe.record_every,
        threshold=recipe.threshold,
        loss_threshold=recipe.loss_threshold,
        snapshots=tuple(snapshots),
        rest=None if way.whole or recipe.rest < 0 else recipe.rest,
        hook=accelerator.hook if accelerator else None,
    )


def _member(recipe: GrokRecipe, problem: Problem, run: Run, made: Made) -> Member:
    name, replicate = run
    branch = Branch.parse(name)
    accelerator = accelerator_named(branch.accelerator) if branch.accelerator else None
    rates = (branch.learning_rate, accelerator and accelerator.learning_rate, recipe.learning_rate)
    decays = (branch.weight_decay, accelerator and accelerator.weight_decay, recipe.weight_decay)
    return Member(
        branch=name,
        replicate=replicate,
        start=made.start,
        split=problem.split(replicate),
        mask=made.mask,
        learning_rate=_first(rates),
        weight_decay=_first(decays),
        seed=problem.streams.of("batches", replicate),
        supermask=made.supermask,
    )


def _at(recipe: GrokRecipe, branch: Branch) -> int | None:
    """The step of the dense run that a branch is made from; None for the last."""
    if branch.at is not None:
        return branch.at
    return recipe.ticket_at if recipe.ticket_at >= 0 else None


def _first(values: Sequence[float | None]) -> float:
    return next(value for value in values if value is not None)


def _manifest(recipe: GrokRecipe, run: Grokked, search_steps: int) -> dict[str, Any]:
    """Where a ticket comes from, in the form of every ticket."""
    arguments = {"network": recipe.network, "task": recipe.task}
    return {
        "model": {"build": "winnow.grokking.networks.modules:build", "arguments": arguments},
        "source": {"study": "grokking", "replicate": run.replicate, **arguments, "fraction": recipe.fraction},
        "rewind": "0it",
        "results": {"t_mem": run.memorised, "t_gen": run.generalised, "search_steps": search_steps},
    }


def _search_steps(folder: StudyFolder, recipe: GrokRecipe, branch: Branch, replicate: int) -> int:
    """Updates that were spent on other runs before this one could start."""
    total = 0
    for needed in needs(branch):
        record = folder.tensors(needed, replicate).records[0]
        own = _at(recipe, branch)
        total += record.search_steps + (record.steps if own is None or needed != "dense" else own)
    return total
