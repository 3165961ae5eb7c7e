"""Update rules: from gradients to weights, every run with its own learning rate and weight decay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from winnow.core import chosen
from winnow.grokking.stacks.space import Space

_EPSILON = 1e-8
# Learning rate, decay, and the tensors: weights, gradients, first and second averages.
_Group = tuple[float, float, tuple[list[Tensor], ...]]
# The fused updates are operations of torch that its type stubs leave out.
_operations: Any = torch


@dataclass(frozen=True)
class Rates:
    """What an update rule is given.

    Attributes:
        learning: learning rate per run, float64 [S].
        decay: weight decay per run, float64 [S].
        betas: decay rates of the averages.
        momentum: of plain descent.
    """

    learning: Tensor
    decay: Tensor
    betas: tuple[float, float] = (0.9, 0.98)
    momentum: float = 0.0

    def kept(self, rows: Tensor) -> Rates:
        """Of some runs only."""
        rows = rows.cpu()
        return Rates(self.learning[rows], self.decay[rows], self.betas, self.momentum)


class UpdateRule(Protocol):
    """Moves the weights of a space against its gradients."""

    def step(self) -> None:
        """One update of all runs, in place."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on beside weights and gradients."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with some runs; called before the space is told."""
        ...


class Fused:
    """torch's fused elementwise updates, on the whole buffer where all runs share their rates."""

    def __init__(self, space: Space, rates: Rates, update: Callable[..., None]) -> None:
        self._space, self._rates, self._update = space, rates, update
        self._count = torch.zeros((), device=space.device)
        self._first, self._second = space.like(), space.like()
        # Made at the first step after the stack has changed: a view costs as much as a small update.
        self._parts: list[_Group] | None = None

    @torch.no_grad()
    def step(self) -> None:
        """See `UpdateRule.step`."""
        self._count += 1
        if self._parts is None:
            self._parts = self._grouped()
        for learning, decay, parts in self._parts:
            self._update(*parts, self._count, learning, decay, self._rates)

    def state(self) -> dict[str, Tensor]:
        """See `UpdateRule.state`."""
        return {"first": self._first, "second": self._second, "count": self._count}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `UpdateRule.load_state`."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def keep(self, rows: Tensor) -> None:
        """See `UpdateRule.keep`."""
        self._first, self._second = self._space.kept(self._first, rows), self._space.kept(self._second, rows)
        self._rates = self._rates.kept(rows)
        self._parts = None

    def _grouped(self) -> list[_Group]:
        """Runs of the same rates together; all of them are one tensor where they share their rates."""
        flats = (self._space.flat, self._space.flat_gradients, self._first, self._second)
        pairs = list(zip(self._rates.learning.tolist(), self._rates.decay.tolist(), strict=True))
        if len(set(pairs)) == 1:
            return [(*pairs[0], tuple([flat] for flat in flats))]
        groups = {pair: [row for row, own in enumerate(pairs) if own == pair] for pair in sorted(set(pairs))}
        return [(*pair, tuple(self._views(flat, rows) for flat in flats)) for pair, rows in groups.items()]

    def _views(self, flat: Tensor, rows: list[int]) -> list[Tensor]:
        return [view[row] for view in self._space.views(flat).values() for row in rows]


def _adaptive(update: Callable[..., None]) -> Callable[..., None]:
    def run(
        weights: list[Tensor],
        gradients: list[Tensor],
        first: list[Tensor],
        second: list[Tensor],
        count: Tensor,
        learning: float,
        decay: float,
        rates: Rates,
    ) -> None:
        update(
            weights,
            gradients,
            first,
            second,
            [],
            [count] * len(weights),
            amsgrad=False,
            beta1=rates.betas[0],
            beta2=rates.betas[1],
            lr=learning,
            weight_decay=decay,
            eps=_EPSILON,
            maximize=False,
        )

    return run


def _descent(
    weights: list[Tensor],
    gradients: list[Tensor],
    first: list[Tensor],
    second: list[Tensor],  # noqa: ARG001
    count: Tensor,  # noqa: ARG001
    learning: float,
    decay: float,
    rates: Rates,
) -> None:
    _operations._fused_sgd_(
        weights,
        gradients,
        first if rates.momentum else [],
        weight_decay=decay,
        momentum=rates.momentum,
        lr=learning,
        dampening=0.0,
        nesterov=False,
        maximize=False,
        is_first_step=False,
    )


RuleMaker = Callable[[Space, Rates], UpdateRule]
RULES: dict[str, RuleMaker] = {
    "adamw": lambda space, rates: Fused(space, rates, _adaptive(_operations._fused_adamw_)),
    "adam": lambda space, rates: Fused(space, rates, _adaptive(_operations._fused_adam_)),
    "sgd": lambda space, rates: Fused(space, rates, _descent),
}


def rule_named(name: str) -> RuleMaker:
    """The maker of an update rule.

    Raises:
        WinnowError: WN-T03 for an unknown name.
    """
    return chosen(RULES, name, "update rule", "WN-T03")
