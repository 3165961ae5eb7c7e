"""The one training loop: R networks as one stack, from their first step to the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.data import DataSet
from winnow.training.batches import StackBatches
from winnow.training.checkpoint import STORED, Checkpoint, CheckpointFile
from winnow.training.evaluation import evaluate
from winnow.training.execution import execution_for
from winnow.training.losses import loss_named
from winnow.training.optimizers import StackOptimizer
from winnow.training.plan import Member, TrainingPlan
from winnow.training.progress import Progress, Silence
from winnow.training.records import Records
from winnow.training.results import StackResult, Trained
from winnow.training.rewiring import NOTE, Rewirer, Rewiring
from winnow.training.snapshots import Snapshots
from winnow.training.stack import Stack
from winnow.training.watching import Watch


def train(
    module: nn.Module,
    members: Sequence[Member],
    data: DataSet,
    plan: TrainingPlan,
    *,
    device: torch.device | None = None,
    level: int = 0,
    snapshots_at: Sequence[int] = (),
    stop_at: int | None = None,
    checkpoint: CheckpointFile | None = None,
    progress: Progress | None = None,
    execution: str = "auto",
    rewiring: Rewiring | None = None,
    watch: Watch | None = None,
) -> StackResult:
    """Train the members together, each as if it were alone.

    Every member keeps its own data order, mask, learning rate and draws. Loss and accuracy on validation and test are
    measured at the first step, every `plan.evaluate_every` steps and at the end; nothing is stopped early and test
    selects nothing. With a checkpoint file, a killed training goes on from its last evaluation and ends with the same
    tensors, bit for bit, on the same machine and number of threads.

    Args:
        module: the architecture.
        members: the networks; they must share one `first_step`.
        data: on any device; it is moved.
        plan: how to train.
        device: the CPU when not given.
        level: names the rows of metrics.
        snapshots_at: steps whose tensors to keep as well (rewind points), none before the members' first.
        stop_at: end here instead of at the plan's last step; learning rates stay those of the whole plan.
        checkpoint: where to keep the state in between.
        progress: who is told.
        execution: "dense", "sparse", or "auto": on stored weights where that is faster on this machine. The results are
            the same to rounding. A training that goes on from a checkpoint keeps its way.
        rewiring: changes masks on the way; the stack is then executed dense.
        watch: looks at the networks on the way, and may have tensors kept as snapshots.

    Raises:
        WinnowError: WN-T01 when a loss is not a number, WN-R02 when members start at different steps.
    """
    saved = checkpoint.read() if checkpoint else None
    execution = "dense" if rewiring else execution
    if saved is not None and execution == "auto":
        execution = "sparse" if STORED in saved.tensors else "dense"
    session = _Session(module, members, data, plan, device or torch.device("cpu"), level, execution)
    session.snapshots = Snapshots(snapshots_at)
    session.last_step = plan.steps if stop_at is None else min(stop_at, plan.steps)
    session.watch = watch
    if rewiring and isinstance(session.stack, Stack):
        session.rewirer = Rewirer(rewiring, session.stack, session.optimizer)
    # Engines seed the global generators for dropout; the caller's own streams must not notice.
    with torch.random.fork_rng(devices=[session.stack.device] if session.stack.device.type == "cuda" else []):
        return session.run(saved, checkpoint, progress or Silence())


class _Session:
    """The state of one training: the stack, its optimizer and what has been measured."""

    def __init__(
        self,
        module: nn.Module,
        members: Sequence[Member],
        data: DataSet,
        plan: TrainingPlan,
        device: torch.device,
        level: int,
        execution: str,
    ) -> None:
        if len({member.first_step for member in members}) != 1:
            raise WinnowError("WN-R02", "the members of a stack must share their first step")
        self.first_step, self.level, self.plan = members[0].first_step, level, plan
        self.last_step = plan.steps
        self.rewirer: Rewirer | None = None
        self.watch: Watch | None = None
        self.loss = loss_named(plan.loss)
        self.execution = execution_for(module, members, plan, data.input_shape, device, execution)
        self.stack, self.engine = self.execution.stack, self.execution.engine
        self.optimizer = StackOptimizer(self.stack, plan)
        self.data = data.to(device)
        self.batches = StackBatches(self.data, members, plan)
        self.records = Records(members, level, self.stack.device)
        self.snapshots = Snapshots()

    def run(self, saved: Checkpoint | None, checkpoint: CheckpointFile | None, progress: Progress) -> StackResult:
        step = self._resume(saved)
        progress.skip((step - self.first_step) * len(self.stack))
        if step == self.first_step:
            self._keep_snapshot(step)
            self._measure(step)
        while step < self.last_step:
            until = self._next_stop(step)
            for current in range(step, until):
                self._step(current)
            progress.advance((until - step) * len(self.stack), self._note(until))
            step = until
            self._keep_snapshot(step)
            self._look(step)
            if self._is_evaluation(step):
                self._measure(step)
                if checkpoint and step < self.last_step and checkpoint.due():
                    checkpoint.write(Checkpoint(step, self._state(), self.records.rows))
        return self._result()

    def _step(self, step: int) -> None:
        images, labels, index = self.batches.indexed(step)
        loss, accuracy = self.engine.gradients(images, labels, step, index)
        if self.rewirer:
            self.rewirer.observe(step)
        self.stack.hold_masks()
        self.optimizer.step(step)
        if self.rewirer:
            for row, values in enumerate(self.rewirer.act(step + 1)):
                self.records.mask(row, step + 1, values)
        self.records.step(loss, accuracy)

    def _is_evaluation(self, step: int) -> bool:
        return step % self.plan.evaluate_every == 0 or step == self.last_step

    def _next_stop(self, step: int) -> int:
        """The next step at which something other than training happens."""
        every = self.plan.evaluate_every
        stops = [(step // every + 1) * every, self.last_step, *(at for at in self.snapshots.steps if at > step)]
        return min([*stops, (step // self.watch.every + 1) * self.watch.every] if self.watch else stops)

    def _keep_snapshot(self, step: int) -> None:
        if step in self.snapshots.steps:
            for row in range(len(self.stack)):
                self.snapshots.keep(step, row, self.stack.tensors(row))

    def _look(self, step: int) -> None:
        if self.watch is None or step % self.watch.every:
            return
        for row, member in enumerate(self.stack.members):
            sight = self.watch.look(row, member, step, lambda row=row: self.stack.tensors(row))
            self.records.mask(row, step, sight.values)
            if sight.keep:
                self.snapshots.keep(step, row, self.stack.tensors(row))

    def _measure(self, step: int) -> None:
        self.records.training(step)
        for name, split in (("validation", self.data.validation), ("test", self.data.test)):
            scores = evaluate(self.engine, split, self.loss)
            self.records.scores(step, name, scores.loss, scores.accuracy)

    def _note(self, step: int) -> str:
        way = " on stored weights" if self.execution.is_sparse else ""
        return f"level {self.level}{way}  step {step} of {self.plan.steps}"

    def _state(self) -> dict[str, Tensor]:
        state = {**self.stack.state(), **self.optimizer.state(), **self.snapshots.state()}
        for part in filter(None, (self.rewirer, self.watch)):
            state |= part.state()
        return state

    def _resume(self, saved: Checkpoint | None) -> int:
        if saved is None or (STORED in saved.tensors) != self.execution.is_sparse:
            return self.first_step
        self.stack.load_state(saved.tensors)
        self.optimizer.load_state(saved.tensors)
        for part in filter(None, (self.rewirer, self.watch)):
            part.load_state(saved.tensors)
        self.snapshots.load_state(saved.tensors)
        self.records.rows = saved.rows
        return saved.step

    def _result(self) -> StackResult:
        trained = [self._trained(row, member) for row, member in enumerate(self.stack.members)]
        return StackResult(trained, self.records.rows, NOTE if self.rewirer else self.execution.note)

    def _trained(self, row: int, member: Member) -> Trained:
        member = replace(member, mask=self.rewirer.mask(row)) if self.rewirer else member
        return Trained(member, self.stack.tensors(row), self.snapshots.of(row))
