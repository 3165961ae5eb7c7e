"""`Watch`: one who looks at the networks of a stack while they train, and may have a moment's tensors kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from winnow.training.plan import Member


@dataclass(frozen=True)
class Sight:
    """What a look gave.

    Args:
        values: numbers for the metrics, by name; they are recorded in the split "mask".
        keep: whether this network's tensors of this step are to be kept, as one of `Trained.snapshots`.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    keep: bool = False


class Watch(Protocol):
    """Asked about every network of a stack every `every` steps. It changes nothing in the training."""

    @property
    def every(self) -> int:
        """Steps between two looks."""
        ...

    def look(self, row: int, member: Member, step: int, tensors: Callable[[], Mapping[str, Tensor]]) -> Sight:
        """Look at the network of a row after `step` steps; `tensors` gives copies of all its tensors, on the CPU."""
        ...

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold; names that no other part of the training uses."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave, out of a whole checkpoint."""
        ...
