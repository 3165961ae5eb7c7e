"""Masks that change while a stack trains: what decides about them, and how the loop puts a new mask in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Mask, hamming
from winnow.training.optimizers import StackOptimizer
from winnow.training.plan import Member
from winnow.training.stack import Stack

# What a run tells about its execution: kernels for stored weights know one fixed mask.
NOTE = "dense: the mask changes while it trains"


@dataclass(frozen=True)
class Updates:
    """The steps after which masks change: every `every` steps from `begin` on, and last at `until`.

    Args:
        every: steps between two changes.
        until: the last step of a change; the mask then stays.
        begin: the step at which training starts.

    Raises:
        WinnowError: WN-R02 when no step is left to change anything.
    """

    every: int
    until: int
    begin: int = 0

    def __post_init__(self) -> None:
        if self.every < 1:
            raise WinnowError("WN-R02", "masks change at most once a step", where="--update-every")
        if self.until <= self.begin:
            raise WinnowError(
                "WN-R02",
                f"masks would stay from step {self.until} on, and training starts at step {self.begin}",
                where="--update-until",
            )

    def at(self, step: int) -> bool:
        """Whether masks change once `step` steps are done."""
        if not self.begin < step <= self.until:
            return False
        return (step - self.begin) % self.every == 0 or step == self.until

    def fraction(self, step: int) -> float:
        """How far the changes are: 0 at the begin, 1 at the last one."""
        return (step - self.begin) / (self.until - self.begin)


@dataclass(frozen=True, eq=False)
class Wiring:
    """One network at a change of its mask: all that a method may look at. Tensors by name, on the CPU.

    Args:
        member: who it is.
        step: how many steps are done.
        mask: what remains so far.
        weights: after the step, pruned ones exactly 0.
        gradients: of the step's batch, with the weights before it, for pruned weights too.
        movement: the sum over all steps of -(weight * gradient); empty unless the method accumulates.
    """

    member: Member
    step: int
    mask: Mask
    weights: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    movement: Mapping[str, Tensor]


class Rewiring(Protocol):
    """A method that changes masks. It keeps no state of its own: a mask follows from the `Wiring` alone."""

    @property
    def updates(self) -> Updates:
        """When it acts."""
        ...

    @property
    def accumulates(self) -> bool:
        """Whether it needs `Wiring.movement`."""
        ...

    def rewired(self, network: Wiring) -> Mask:
        """The mask from here on."""
        ...


class Rewirer:
    """Puts a method's masks in force in a stack.

    A weight that is pruned becomes exactly 0; one that comes back starts at 0 (Evci et al. 2020, "RigL", section 3).
    The optimizer's averages of both are cleared. Adam's step counts are not: they are shared by all weights.
    """

    def __init__(self, rewiring: Rewiring, stack: Stack, optimizer: StackOptimizer) -> None:
        self._rewiring, self._stack, self._optimizer = rewiring, stack, optimizer
        self._movement = torch.zeros_like(stack.weights) if rewiring.accumulates else None
        self._gradients = stack.gradients

    def observe(self, step: int) -> None:
        """Look at the gradients of `step`, before the mask is applied to them."""
        if self._movement is not None:
            self._movement.addcmul_(self._stack.weights, self._stack.gradients, value=-1)
        if self._rewiring.updates.at(step + 1):
            self._gradients = self._stack.gradients.clone()

    @torch.no_grad()
    def act(self, step: int) -> list[dict[str, float]]:
        """Change the masks, when it is time, once `step` steps are done.

        Returns:
            For every network its density now, and the fraction of its weights that went or came; nothing when it was
            not time.
        """
        if not self._rewiring.updates.at(step):
            return []
        before, told = self._stack.masks.clone(), []
        for row in range(len(self._stack)):
            old, new = self.mask(row), self._rewiring.rewired(self._wiring(row, step))
            self._stack.set_mask(row, new)
            told.append({"density_now": new.density, "mask_change": hamming(old, new)})
        changed = before != self._stack.masks
        self._stack.weights.masked_fill_(changed, 0)
        self._optimizer.forget(changed)
        return told

    def mask(self, row: int) -> Mask:
        """The mask of one network now."""
        now = self._stack.stacked(self._stack.masks)
        own = self._stack.members[row].mask
        return Mask({name: now[name][row] if name in now else mask for name, mask in own.items()})

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold: the masks now, and what was accumulated."""
        accumulated = {} if self._movement is None else {"movement": self._movement}
        return {"masks": self._stack.masks.bool(), **accumulated}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave."""
        self._stack.masks.copy_(state["masks"])
        self._stack.is_masked = not bool(self._stack.masks.all())
        if self._movement is not None:
            self._movement.copy_(state["movement"])

    def _wiring(self, row: int, step: int) -> Wiring:
        member = self._stack.members[row]

        def own(flat: Tensor | None) -> dict[str, Tensor]:
            parts = {} if flat is None else self._stack.stacked(flat)
            return {name: parts[name][row].cpu() for name in member.mask if name in parts}

        weights, gradients, movement = own(self._stack.weights), own(self._gradients), own(self._movement)
        return Wiring(member, step, self.mask(row), weights, gradients, movement)
