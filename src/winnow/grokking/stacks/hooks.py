"""The one slot of accelerators: what may change gradients before the update rule sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from torch import Tensor

from winnow.grokking.stacks.space import Space


class GradientHook(Protocol):
    """Changes the gradients of a space in place, every run by itself, without synchronising with a GPU."""

    def change(self, space: Space) -> None:
        """Called after the gradients of a step are there, before the update."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with some runs; called before the space is told."""
        ...


HookMaker = Callable[[Space], GradientHook]
