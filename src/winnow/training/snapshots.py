"""Tensors of a stack's networks as they were at some steps: rewind points, and whatever a `Watch` wants kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

_PREFIX = "snapshot."


class Snapshots:
    """Copies of tensors by step and row of the stack.

    Args:
        steps: at which the tensors of all networks are kept.
    """

    def __init__(self, steps: Sequence[int] = ()) -> None:
        self.steps = sorted(set(steps))
        self._kept: dict[int, dict[int, Mapping[str, Tensor]]] = {}

    def keep(self, step: int, row: int, tensors: Mapping[str, Tensor]) -> None:
        """Keep the tensors of one network."""
        self._kept.setdefault(step, {})[row] = tensors

    def of(self, row: int) -> dict[int, Mapping[str, Tensor]]:
        """Everything that was kept of one network, by step."""
        return {step: rows[row] for step, rows in self._kept.items() if row in rows}

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold."""
        return {
            f"{_PREFIX}{step}.{row}.{name}": tensor
            for step, rows in self._kept.items()
            for row, tensors in rows.items()
            for name, tensor in tensors.items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave, out of a whole checkpoint."""
        found: dict[int, dict[int, dict[str, Tensor]]] = {}
        for key, tensor in state.items():
            if key.startswith(_PREFIX):
                step, row, name = key.removeprefix(_PREFIX).split(".", 2)
                found.setdefault(int(step), {}).setdefault(int(row), {})[name] = tensor
        self._kept = {step: dict(rows) for step, rows in found.items()}
