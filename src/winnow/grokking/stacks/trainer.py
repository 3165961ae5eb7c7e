"""Trains S runs of one network on one task as a stack."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.networks.network import Network
from winnow.grokking.stacks.engines import engine_for
from winnow.grokking.stacks.examples import Examples
from winnow.grokking.stacks.losses import loss_named
from winnow.grokking.stacks.member import Grokked, Member, Plan
from winnow.grokking.stacks.parametrisation import Masked, Parametrisation
from winnow.grokking.stacks.readings import Readings
from winnow.grokking.stacks.rules import Fused, Rates, rule_named
from winnow.grokking.stacks.saved import SavedStack, finished_from, finished_tensors
from winnow.grokking.stacks.supermask import Supermasked
from winnow.grokking.tasks.task import Task
from winnow.training import CheckpointFile, Progress

# Steps between looks at which runs are done: each look waits for the device.
_LOOK_EVERY = 500


def train(
    task: Task,
    network: Network,
    members: Sequence[Member],
    plan: Plan,
    *,
    device: torch.device | None = None,
    checkpoint: CheckpointFile | None = None,
    progress: Progress | None = None,
) -> list[Grokked]:
    """Train the members together, each as if it were alone, to rounding.

    Losses and accuracies at a step are those of the weights before its update, as in the authors' code. Test results
    select nothing; with `plan.rest` a run that generalised leaves the stack that many steps later.

    Args:
        task: all examples.
        network: the architecture.
        members: the runs; splits of one size, and either all or none with a supermask.
        plan: how to train.
        device: the CPU when not given.
        checkpoint: where the state is kept in between; a killed training goes on from there, bit for bit.
        progress: who is told.

    Raises:
        WinnowError: WN-R02 when the runs cannot be one stack, WN-T01 when no run has a finite loss any more.
    """
    stack = _Stack(task, network, list(members), plan, device or torch.device("cpu"))
    if checkpoint and (saved := checkpoint.read()):
        stack.load(saved.step, saved.tensors)
    stack.run(checkpoint, progress)
    return [stack.finished[place] for place in range(len(members))]


class _Stack:
    """The runs that are still training, and the results of those that are done."""

    def __init__(self, task: Task, network: Network, members: list[Member], plan: Plan, device: torch.device) -> None:
        self.members, self.plan, self.device = members, plan, device
        self.loss = loss_named(plan.loss) if isinstance(plan.loss, str) else plan.loss
        self.engine = engine_for(network, self.loss)
        self.examples = Examples(task, network, members, plan.batch, device)
        self.parametrisation = _parametrised(members, device)
        rates = Rates(
            torch.tensor([m.learning_rate for m in members], dtype=torch.float64),
            torch.tensor([m.weight_decay for m in members], dtype=torch.float64),
            plan.betas,
            plan.momentum,
        )
        make_rule = rule_named(plan.rule) if isinstance(plan.rule, str) else plan.rule
        self.rule = make_rule(self.parametrisation.space, rates)
        self.hook = plan.hook(self.parametrisation.space) if plan.hook else None
        # Elementwise rules leave a weight of 0 with gradient 0 where it is; all others need the mask again.
        self.unsettled = self.hook is not None or not isinstance(self.rule, Fused)
        self.readings = Readings(len(members), plan, self.loss, task.is_classification, device)
        self.places = list(range(len(members)))
        self.snapshots: dict[int, dict[int, dict[str, Tensor]]] = {place: {} for place in self.places}
        self.seconds = [0.0] * len(members)
        self.finished: dict[int, Grokked] = {}
        self.step = 0

    def run(self, checkpoint: CheckpointFile | None, progress: Progress | None) -> None:
        if progress:
            progress.skip(self.step * len(self.members))
        while self.places:
            runs, since = len(self.places), time.perf_counter()
            until = min(self.step + _LOOK_EVERY, self.plan.steps)
            for step in range(self.step, until):
                self._update(step)
            done, self.step = until - self.step, until
            if self.step == self.plan.steps:
                self._end()
            self._spend(time.perf_counter() - since)
            if progress:
                progress.advance(done * runs, f"step {self.step:,}, {runs} runs")
            self._leave()
            if checkpoint and self.places and checkpoint.due():
                checkpoint.write(SavedStack(self.step, self._state()).as_checkpoint())

    def _update(self, step: int) -> None:
        """Measure the weights after `step` updates where that is due, and change them."""
        prepared, targets = self.examples.at(step)
        part = self.parametrisation
        part.refresh()
        self._snapshot(step)
        due = self.readings.is_due(step)
        test = self.examples.test[0] if due else None
        answers, tests = self.engine.gradients(part.weights, part.gradients, prepared, targets, test)
        if tests is not None:
            whole = prepared is self.examples.train[0]
            self._measure(step, answers if whole else self.engine.outputs(part.weights, self.examples.train[0]), tests)
        part.pull()
        if self.hook:
            self.hook.change(part.space)
        if self.unsettled:
            part.settle()
        self.rule.step()
        if self.unsettled:
            part.settle()

    def _end(self) -> None:
        """Snapshots and measurements of the last weights."""
        self.parametrisation.refresh()
        self._snapshot(self.step)
        train, test = (
            self.engine.outputs(self.parametrisation.weights, part[0])
            for part in (self.examples.train, self.examples.test)
        )
        self._measure(self.step, train, test)

    def _snapshot(self, step: int) -> None:
        if step in self.plan.snapshots:
            for row, place in enumerate(self.places):
                self.snapshots[place][step] = self._tensors(row)

    def _measure(self, step: int, train: Tensor, test: Tensor) -> None:
        answered = (train, self.examples.train[1]), (test, self.examples.test[1])
        self.readings.evaluate(step, *answered)
        if step == self.plan.steps or self.readings.is_recorded(step):
            losses = self.readings.record(step, *answered, self.parametrisation.weights)
            if not bool(losses[0].isfinite().any()):
                raise WinnowError("WN-T01", f"no run of the stack has a finite loss at step {step:,}")

    def _tensors(self, row: int) -> dict[str, Tensor]:
        return {name: view[row].detach().to("cpu", copy=True) for name, view in self.parametrisation.weights.items()}

    def _spend(self, seconds: float) -> None:
        for place in self.places:
            self.seconds[place] += seconds / len(self.places)

    def _leave(self) -> None:
        """Take the runs that are done out of the stack."""
        ends = self._ends()
        staying = [row for row, end in enumerate(ends) if not end]
        if len(staying) == len(self.places):
            return
        self.parametrisation.refresh()
        for row, end in enumerate(ends):
            if end:
                self.finished[self.places[row]] = self._result(row)
        self.places = [self.places[row] for row in staying]
        if staying:
            self._keep(torch.tensor(staying, device=self.device))

    def _keep(self, rows: Tensor) -> None:
        for part in (self.rule, self.hook):
            if part:
                part.keep(rows)
        for part in (self.parametrisation, self.examples, self.readings):
            part.keep(rows)

    def _ends(self) -> list[bool]:
        if self.step >= self.plan.steps:
            return [True] * len(self.places)
        if self.plan.rest is None:
            return [False] * len(self.places)
        rest = self.plan.rest
        return [0 <= first <= self.step - rest for first in self.readings.generalised.tolist()]

    def _result(self, row: int) -> Grokked:
        place = self.places[row]
        member = self.members[place]
        memorised, generalised = int(self.readings.memorised[row]), int(self.readings.generalised[row])
        return Grokked(
            branch=member.branch,
            replicate=member.replicate,
            memorised=memorised if memorised >= 0 else None,
            generalised=generalised if generalised >= 0 else None,
            steps=self.step,
            seconds=self.seconds[place],
            final=self._tensors(row),
            snapshots=self.snapshots[place],
            curve=self.readings.curve(row),
        )

    def _state(self) -> dict[str, Tensor]:
        parts = {"rule": self.rule.state(), "hook": self.hook.state() if self.hook else {}}
        parts["readings"] = self.readings.state()
        state = {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}
        state["space"] = self.parametrisation.space.flat
        state["places"] = torch.tensor(self.places)
        state["seconds"] = torch.tensor(self.seconds, dtype=torch.float64)
        for place, kept in self.snapshots.items():
            state |= {f"snapshot.{place}.{at}.{name}": t for at, tensors in kept.items() for name, t in tensors.items()}
        for place, result in self.finished.items():
            state |= finished_tensors(place, result)
        return state

    def load(self, step: int, state: Mapping[str, Tensor]) -> None:
        """Go on from a checkpoint of the same members."""
        self.step, self.places = step, state["places"].tolist()
        self._keep(state["places"].to(self.device))
        self.parametrisation.space.flat.copy_(state["space"])
        self.rule.load_state(_part(state, "rule."))
        if self.hook:
            self.hook.load_state(_part(state, "hook."))
        self.readings.load_state(_part(state, "readings."))
        self.seconds = state["seconds"].tolist()
        for key, tensor in _part(state, "snapshot.").items():
            place, at, name = key.split(".", 2)
            self.snapshots[int(place)].setdefault(int(at), {})[name] = tensor
        self.finished = finished_from(_part(state, "done."), self.members, self.snapshots)


def _part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}


def _parametrised(members: Sequence[Member], device: torch.device) -> Parametrisation:
    scored = [member.supermask is not None for member in members]
    if all(scored):
        return Supermasked(members, device)
    if any(scored):
        raise WinnowError("WN-R02", "runs with and without a supermask cannot be one stack")
    return Masked(members, device)
