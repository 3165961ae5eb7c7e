"""The two-in-one loop: phases of updates, with searches and prunings in between (You et al. 2022, section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.data.vision import VisionSet
from winnow.storage import Metric
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import costs_of
from winnow.supernet.tasks import Task
from winnow.supernet.training.batches import Batches, augmenting
from winnow.supernet.training.calibration import ticket_network
from winnow.supernet.training.learner import Learner
from winnow.supernet.training.phase import Phase, count_events, event_number, searches
from winnow.supernet.training.pruning import prune_weights
from winnow.supernet.training.saved import State, StateFile, identity_of
from winnow.supernet.training.searching import check_budget, search
from winnow.supernet.training.stepping import Stepper
from winnow.training import Progress

_TELL_EVERY = 10  # steps


@dataclass(frozen=True)
class Trained:
    """What a training gave.

    Args:
        learner: as it is now.
        rows: measurements of the ticket on validation images.
        events: searches and prunings, in order.
        finished: False when it was stopped before the last phase's end.
    """

    learner: Learner
    rows: list[Metric]
    events: list[dict[str, Any]]
    finished: bool = True


def train_phases(
    learner: Learner,
    phases: Sequence[Phase],
    task: Task,
    data: VisionSet,
    recipe: SupernetRecipe,
    *,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 30.0,
    progress: Progress | None = None,
    stop_after: int | None = None,
    measure_every: int | None = None,
    replicate: int = 0,
) -> Trained:
    """Train a learner through phases, each with a learning-rate schedule of its own.

    After each update: a search, when one is due, then a pruning, when one is due. The optimizer's moments and the
    moving average go on from phase to phase. The ticket (average, mask, BatchNorm's statistics taken anew) is measured
    on the validation images at the end of each phase; the test images are never touched.

    Args:
        learner: where it starts; it is changed, but after a resume the learner of the result is another one.
        phases: in order.
        task: prepares batches, gives the loss and measures.
        data: its train and validation splits are used.
        recipe: everything else.
        checkpoint: file that keeps the state; a training that was killed goes on from it bit for bit. The caller
            removes it, when what came of the training is safe elsewhere.
        checkpoint_seconds: at least so long between two writes of it.
        progress: who is told; a step is one of its steps.
        stop_after: stop after so many updates in all, leaving the checkpoint.
        measure_every: steps between further measurements.
        replicate: for the rows.

    Returns:
        The learner with measurements and events.

    Raises:
        WinnowError: WN-T01 when the loss is not a number, WN-R02 when a budget cannot be kept, WN-T03 for an unknown
            schedule.
    """
    if any(searches(phase, recipe) for phase in phases):
        check_budget(learner.architecture, recipe)
    state, file = State(learner), None
    first = learner.step
    if checkpoint is not None:
        file = StateFile(checkpoint, identity_of(learner, phases, data, recipe), checkpoint_seconds)
        state = file.read(learner, recipe) or state
    run = _Run(state, phases, task, data, recipe, file, progress, measure_every, replicate)
    if progress:
        progress.skip(state.learner.step - first)
    finished = run.until(math.inf if stop_after is None else first + stop_after)
    if file:
        file.write(state)
    return Trained(state.learner, state.rows, state.events, finished)


@dataclass
class _Run:
    state: State
    phases: Sequence[Phase]
    task: Task
    data: VisionSet
    recipe: SupernetRecipe
    file: StateFile | None
    progress: Progress | None
    measure_every: int | None
    replicate: int

    def __post_init__(self) -> None:
        self.batches = Batches(len(self.data.train), self.recipe.batch, self.state.learner.seed)
        self.last_loss, self.untold = math.nan, 0
        self.stepper: Stepper | None = None

    def until(self, stop: float) -> bool:
        """Train; whether the end was reached before so many updates of the learner."""
        state = self.state
        while state.phase < len(self.phases):
            phase = self.phases[state.phase]
            if state.learner.step >= stop:
                return False
            self._step(phase)
            self._events(phase)
            self._measure(phase)
            self._tell(phase)
            if state.done == phase.steps:
                state.phase, state.done, self.stepper = state.phase + 1, 0, None
            if self.file and self.file.due():
                self.file.write(state)
        return True

    def _step(self, phase: Phase) -> None:
        learner, train = self.state.learner, self.data.train
        if self.stepper is None:
            learner.network.train()
            self.stepper = Stepper(learner, phase, self.task, self.recipe)
        rows = self.batches.at(learner.step)
        # A generator asks for flips and shifts; without one, images are only scaled.
        generator = augmenting(learner.seed, learner.step) if self.recipe.augment else None
        images, targets = self.task.prepared(train.images[rows], train.targets[rows], generator)
        loss = self.stepper.step(self.state.done, images.to(learner.device), targets.to(learner.device))
        self.last_loss = loss
        self.state.loss, self.state.losses = self.state.loss + loss, self.state.losses + 1
        self.state.done += 1

    def _events(self, phase: Phase) -> None:
        state, recipe = self.state, self.recipe
        if searches(phase, recipe):
            every, count = recipe.search_every, count_events(recipe.search_every, phase.steps)
            if number := event_number(state.done, every, phase.steps):
                # Without a pruning to come, lifted masks would stay lifted.
                lifting = phase.prune and recipe.reactivation == "search"
                self._note(phase, search(state.learner, recipe, number, count, lifting=lifting))
        if phase.prune:
            every, count = recipe.prune_every, count_events(recipe.prune_every, phase.steps)
            if number := event_number(state.done, every, phase.steps):
                split = self.data.train
                self._note(phase, prune_weights(state.learner, phase, self.task, split, recipe, number, count))

    def _note(self, phase: Phase, event: dict[str, Any]) -> None:
        self.state.events.append({"phase": phase.name, "step": self.state.learner.step, **event})
        self.stepper = None  # it was made for the network and the mask before

    def _measure(self, phase: Phase) -> None:
        state, done = self.state, self.state.done
        if done != phase.steps and not (self.measure_every and done % self.measure_every == 0):
            return
        network = ticket_network(state.learner, self.task, self.data, self.recipe)
        found = self.task.measure(network, self.data.validation, batch=self.recipe.batch)
        state.rows += [self._row(phase, "validation", metric, value) for metric, value in found.items()]
        state.rows.append(self._row(phase, "train", "loss", state.loss / max(state.losses, 1)))
        state.rows.append(self._row(phase, "train", "macs", costs_of(state.learner.architecture).macs))
        state.rows.append(self._row(phase, "train", "sparsity", state.learner.sparsity))
        state.loss, state.losses = 0.0, 0

    def _row(self, phase: Phase, split: str, metric: str, value: float) -> Metric:
        state = self.state
        return Metric(self.replicate, phase.name, state.phase, state.learner.step, split, metric, float(value))

    def _tell(self, phase: Phase) -> None:
        done = self.state.done
        self.untold += 1
        if self.progress and (done % _TELL_EVERY == 0 or done == phase.steps):
            self.progress.advance(self.untold, f"{phase.name}, step {done:,}, loss {self.last_loss:.3f}")
            self.untold = 0
