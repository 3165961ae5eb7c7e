"""What hooks without a memory share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from torch import Tensor

from winnow.grokking.stacks.space import Space


class Stateless:
    """Nothing to keep between steps, so one hook serves every space; see `GradientHook`."""

    def __call__(self, _space: Space) -> Self:
        """The hook of a space: itself."""
        return self

    def state(self) -> dict[str, Tensor]:
        """Empty."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Nothing."""

    def keep(self, rows: Tensor) -> None:
        """Nothing: the next step reads what runs there are."""
