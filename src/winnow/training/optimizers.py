"""Optimizers over a stack: torch's own fused elementwise updates, on the flat buffers.

The operations below `torch.optim` are called themselves: its classes cost 90 microseconds more a step and import a
compiler, and its functions 17 more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from winnow.core import chosen
from winnow.training.plan import TrainingPlan
from winnow.training.rates import rate_factor
from winnow.training.stack import Stack

if TYPE_CHECKING:
    from winnow.training.packed import PackedStack

_EPSILON = 1e-8
# The fused updates are operations of torch that its type stubs leave out.
_operations: Any = torch


@dataclass(frozen=True)
class _Group:
    """Tensors of one learning rate: views of the stack's flat buffers, in step with each other."""

    rate: float
    weights: list[Tensor]
    gradients: list[Tensor]
    first: list[Tensor]
    second: list[Tensor]
    counts: list[Tensor]


def _sgd(group: _Group, plan: TrainingPlan, rate: float) -> None:
    _descend(group, plan, rate, [], 0.0)


def _momentum(group: _Group, plan: TrainingPlan, rate: float) -> None:
    _descend(group, plan, rate, group.first, plan.momentum)


def _descend(group: _Group, plan: TrainingPlan, rate: float, buffers: list[Tensor], momentum: float) -> None:
    _operations._fused_sgd_(
        group.weights,
        group.gradients,
        buffers,
        weight_decay=plan.weight_decay,
        momentum=momentum,
        lr=rate,
        dampening=0.0,
        nesterov=False,
        maximize=False,
        is_first_step=False,
    )


def _adaptive(update: Callable[..., None]) -> Callable[[_Group, TrainingPlan, float], None]:
    def step(group: _Group, plan: TrainingPlan, rate: float) -> None:
        _operations._foreach_add_(group.counts, 1)
        update(
            group.weights,
            group.gradients,
            group.first,
            group.second,
            [],
            group.counts,
            amsgrad=False,
            beta1=plan.betas[0],
            beta2=plan.betas[1],
            lr=rate,
            weight_decay=plan.weight_decay,
            eps=_EPSILON,
            maximize=False,
        )

    return step


OPTIMIZERS: dict[str, Callable[[_Group, TrainingPlan, float], None]] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "adam": _adaptive(_operations._fused_adam_),
    "adamw": _adaptive(_operations._fused_adamw_),
}


class StackOptimizer:
    """Elementwise updates of all networks of a stack in one pass; each network may have its own learning rate.

    When all networks share their rate, the whole flat buffer is one tensor to update.

    Raises:
        WinnowError: WN-T03 when the plan names an unknown optimizer.
    """

    def __init__(self, stack: Stack | PackedStack, plan: TrainingPlan) -> None:
        self._plan, self._update = plan, chosen(OPTIMIZERS, plan.optimizer, "optimizer", "WN-T03")
        self._first, self._second = torch.zeros_like(stack.weights), torch.zeros_like(stack.weights)
        flats = (stack.weights, stack.gradients, self._first, self._second)
        self._groups = [_group(stack, flats, rate, rows) for rate, rows in _rows_by_rate(stack, plan)]

    @torch.no_grad()
    def step(self, step: int) -> None:
        """Update with the learning rate of `step`."""
        factor = rate_factor(self._plan, step)
        for group in self._groups:
            self._update(group, self._plan, group.rate * factor)

    @torch.no_grad()
    def forget(self, places: Tensor) -> None:
        """Clear the averages of some weights: a boolean tensor in the flat layout. The step counts go on."""
        self._first.masked_fill_(places, 0)
        self._second.masked_fill_(places, 0)

    def state(self) -> dict[str, Tensor]:
        """The averages (flat, in the stack's layout) and the step counts of every group."""
        counts = {f"counts.{index}": torch.stack(group.counts) for index, group in enumerate(self._groups)}
        return {"first": self._first, "second": self._second, **counts}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave."""
        self._first.copy_(state["first"])
        self._second.copy_(state["second"])
        for index, group in enumerate(self._groups):
            for count, saved in zip(group.counts, state[f"counts.{index}"], strict=True):
                count.copy_(saved)


def _rows_by_rate(stack: Stack | PackedStack, plan: TrainingPlan) -> list[tuple[float, list[int]]]:
    rates = [plan.learning_rate if m.learning_rate is None else m.learning_rate for m in stack.members]
    return [(rate, [row for row, own in enumerate(rates) if own == rate]) for rate in sorted(set(rates))]


def _group(stack: Stack | PackedStack, flats: Sequence[Tensor], rate: float, rows: Sequence[int]) -> _Group:
    if len(rows) == len(stack):
        views = [[flat] for flat in flats]
    else:
        views = [[part for row in rows for part in stack.parts(flat, row)] for flat in flats]
    counts = [torch.zeros((), device=stack.device) for _ in views[0]]
    return _Group(rate, *views, counts=counts)
