"""What is read off a stack while it trains; kept on the device, so that nothing waits for it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.grokking.stacks.losses import Loss
from winnow.grokking.stacks.member import Plan

CURVES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "l1", "l2")
_NEVER = -1
# Steps in which a ticket may have memorised and generalised already.
_EARLY = 1000


class Readings:
    """First steps above the threshold at every evaluation, and all curves at every recorded step.

    Attributes:
        memorised, generalised: int64 [S], -1 where not yet.
    """

    def __init__(self, runs: int, plan: Plan, loss: Loss, by_accuracy: bool, device: torch.device) -> None:
        self._plan, self._loss, self._by_accuracy = plan, loss, by_accuracy
        self.memorised = torch.full((runs,), _NEVER, dtype=torch.int64, device=device)
        self.generalised = self.memorised.clone()
        self._steps: list[int] = []
        self._points: list[Tensor] = []

    def is_due(self, step: int) -> bool:
        """Whether this step is evaluated."""
        every = self._plan.evaluate_early if step < _EARLY else self._plan.evaluate_every
        return step % every == 0

    def is_recorded(self, step: int) -> bool:
        """Whether this step is a point of the curves; in the first thousand steps they are ten times as close."""
        every = self._plan.record_every
        return step % (max(every // 10, 1) if step < _EARLY else every) == 0

    def evaluate(self, step: int, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> None:
        """Mark first crossings; `train` and `test` are outputs [S, n, outputs] and targets."""
        for first, (outputs, targets) in ((self.memorised, train), (self.generalised, test)):
            first.masked_fill_((first == _NEVER) & self._passed(outputs, targets), step)

    def record(
        self,
        step: int,
        train: tuple[Tensor, Tensor],
        test: tuple[Tensor, Tensor],
        weights: Mapping[str, Tensor],
    ) -> Tensor:
        """Add a point to every curve; the test losses [S] and training losses [S] as [2, S]."""
        rows = [read(*part).double() for part in (train, test) for read in (self._loss.values, self._loss.right)]
        flat = [tensor.double().flatten(1) for tensor in weights.values()]
        l1 = torch.stack([tensor.abs().sum(1) for tensor in flat]).sum(0)
        l2 = torch.stack([tensor.square().sum(1) for tensor in flat]).sum(0).sqrt()
        self._steps.append(step)
        self._points.append(torch.stack([*rows, l1, l2]))
        return self._points[-1][:3:2]

    def curve(self, row: int) -> dict[str, tuple[tuple[int, float], ...]]:
        """One run's curves so far: name to (step, value) pairs."""
        values = torch.stack(self._points)[:, :, row].cpu().tolist() if self._points else []
        return {
            name: tuple((step, point[place]) for step, point in zip(self._steps, values, strict=True))
            for place, name in enumerate(CURVES)
        }

    def keep(self, rows: Tensor) -> None:
        """Go on with some runs."""
        self.memorised, self.generalised = self.memorised[rows], self.generalised[rows]
        self._points = [point[:, rows] for point in self._points]

    def state(self) -> dict[str, Tensor]:
        """Everything read so far."""
        points = torch.stack(self._points) if self._points else torch.zeros(0, len(CURVES), len(self.memorised))
        steps = torch.tensor(self._steps, dtype=torch.int64)
        return {"memorised": self.memorised, "generalised": self.generalised, "steps": steps, "points": points}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave."""
        device = self.memorised.device
        self.memorised, self.generalised = state["memorised"].to(device), state["generalised"].to(device)
        self._steps = state["steps"].tolist()
        self._points = list(state["points"].to(device).unbind())

    def _passed(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if self._by_accuracy:
            return self._loss.right(outputs, targets) > self._plan.threshold
        return self._loss.values(outputs, targets) < self._plan.loss_threshold
