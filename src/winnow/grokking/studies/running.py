"""`run_study`: every branch and replicate of a study, in stacks, resumed by running again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from winnow.core import WinnowError, digest, identity, plain
from winnow.execution import Job, Local, Outcome, Place, run
from winnow.grokking.branches import Branch
from winnow.grokking.networks import parameters
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.stacks.losses import loss_named
from winnow.grokking.stacks.rules import rule_named
from winnow.grokking.studies.batches import Batch, Way, closed, waves
from winnow.grokking.studies.folder import StudyFolder, opened
from winnow.grokking.studies.result import StudyResult
from winnow.grokking.studies.training import Work, plan_of, problem_of, train_batch
from winnow.grokking.tasks import Task
from winnow.storage import RunFolder
from winnow.storage.runs import SHORT_ID
from winnow.training import Progress

# Runs of one stack: on two cores stacks of 8 are as fast a run as stacks of 32, and they take turns better.
STACK = 8


@dataclass(frozen=True)
class StudyPlan:
    """A study before it runs.

    Attributes:
        recipe: of the study.
        name: under which the recipe is known, or "grok".
        path: its run folder.
        run_id: identity of recipe and examples.
        branches: those asked for and those that they need, each after what it needs.
        waves: batches in the order in which they are trained.
        parameters: weights of one network.
        split_sizes: training and test examples.
        splits: SHA-256 of every replicate's split.
    """

    recipe: GrokRecipe
    name: str
    path: Path
    run_id: str
    branches: tuple[str, ...]
    waves: tuple[tuple[Batch, ...], ...]
    parameters: int
    split_sizes: tuple[int, int]
    splits: tuple[str, ...]

    @property
    def network_steps(self) -> int:
        """Updates at most, over all runs, those included that are done."""
        return sum(batch.steps * len(batch.runs) for wave in self.waves for batch in wave)

    def pending(self) -> int:
        """Updates at most of the runs that are not done."""
        folder = StudyFolder(self.path)
        return sum(
            batch.steps for wave in self.waves for batch in wave for one in batch.runs if not folder.is_done(*one)
        )


def plan_study(
    recipe: GrokRecipe,
    branches: Sequence[str],
    *,
    name: str = "grok",
    out: Path | None = None,
    stack: int = STACK,
) -> StudyPlan:
    """Resolve a study; nothing is written.

    Args:
        recipe: what to train.
        branches: names, such as "dense", "ticket", "ticket@4000,k0.7"; what they need is added.
        name: names the folder.
        out: the run folder; runs/grok-NAME-ID when not given.
        stack: runs trained together at most.

    Raises:
        WinnowError: WN-C01 for a branch of another form; WN-T03 for an unknown accelerator, loss or optimizer; those of
            an unknown task, network or data.
    """
    order = closed(branches)
    for branch in map(Branch.parse, order):
        plan_of(recipe, Way.of(branch), recipe.steps)
    loss_named(recipe.loss)
    rule_named(recipe.optimizer)
    problem = problem_of(recipe)
    splits = [problem.split(replicate) for replicate in range(recipe.replicates)]
    run_id = identity(recipe, fingerprint(problem.task))
    return StudyPlan(
        recipe=recipe,
        name=name,
        path=out or Path("runs") / f"grok-{name}-{run_id[:SHORT_ID]}",
        run_id=run_id,
        branches=tuple(order),
        waves=tuple(map(tuple, waves(recipe, order, stack))),
        parameters=parameters(problem.network),
        split_sizes=(len(splits[0].train), len(splits[0].test)),
        splits=tuple(split.digest for split in splits),
    )


def run_study(
    plan: StudyPlan,
    *,
    command: str = "",
    where: Place | None = None,
    work: Work | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> StudyResult:
    """Train what is not done yet. Other branches of the same recipe in the same folder are kept and used.

    Args:
        plan: as `plan_study` gives it.
        command: what a person would type to get this.
        where: one process with torch's threads when not given; `winnow.execution.Local(jobs=2)` trains two stacks at
            once, each in a process of its own.
        work: device and checkpoints.
        progress: who is told about steps; only when everything runs in this process.
        told: gets a line of text for every batch that begins or ends.

    Raises:
        WinnowError: WN-R03 and WN-R04 when the folder is another recipe's or in use; the first error of a batch, after
            the other batches of its wave.
    """
    header = {"kind": "grok", "name": plan.name, "recipe": plain(plan.recipe), "command": command}
    folder = RunFolder.create(plan.path, run_id=plan.run_id, header=header)
    with folder.locked():
        if progress:
            progress.begin(plan.pending())
        for wave in plan.waves:
            _run_wave(plan, wave, where or Local(), work or Work(), progress if where is None else None, told)
        if progress:
            progress.end()
    return read_study(plan)


def read_study(plan: StudyPlan) -> StudyResult:
    """What is done of the branches of a plan."""
    return StudyFolder(plan.path).read(plan.recipe, plan.branches, chance_of(plan.recipe))


def read_run(path: Path | str, branches: Sequence[str] | None = None) -> tuple[StudyResult, str]:
    """What is done in a run folder, of some branches or of all, and the command that began it.

    Raises:
        WinnowError: WN-R05 when there is no study, WN-S03 when it is damaged.
    """
    folder, recipe = opened(path)
    result = folder.read(recipe, branches, chance_of(recipe))
    if not result.records:
        raise WinnowError("WN-R05", "no run of these branches is done yet", where=path)
    return result, RunFolder.open(path).header().get("command", "")


def chance_of(recipe: GrokRecipe) -> float:
    """Accuracy of a guess; 0 for tasks of values."""
    task = problem_of(recipe).task
    return 1 / task.outputs if task.is_classification else 0.0


def _run_wave(
    plan: StudyPlan,
    wave: Sequence[Batch],
    where: Place,
    work: Work,
    progress: Progress | None,
    told: Callable[[str], None] | None,
) -> None:
    jobs = [
        Job(f"{batch} ({batch.name})", train_batch, (plan.path, plan.recipe, batch, work, progress)) for batch in wave
    ]
    failed: list[Outcome] = []
    for outcome in run(jobs, where):
        if told:
            told(f"{outcome.state}: {outcome.name}")
        if outcome.state == "failed":
            failed.append(outcome)
    if failed:
        raise failed[0].error or WinnowError("WN-X02", "a batch broke off", where=failed[0].name)


def fingerprint(task: Task) -> str:
    """SHA-256 (64 hex digits) of a task's examples."""
    contents = [tensor.cpu().numpy().tobytes() for tensor in (task.inputs, task.targets)]
    return digest([task.name, len(task), *(hashlib.sha256(content).hexdigest() for content in contents)])
