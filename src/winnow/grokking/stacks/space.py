"""Where a stack of S runs keeps its weights and gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


class Space:
    """Named tensors [S, *shape] of S runs, all in one buffer, and gradients in the same layout.

    Every name is one contiguous block, so that batched products read it without a copy and an elementwise update of all
    runs is one pass over the buffer.

    Args:
        starts: one mapping per run, names to tensors of the same shapes.
        device: where it all lives.

    Attributes:
        flat: float32 [values], all weights.
        weights: name to its view [S, *shape].
        gradients: the same for gradients; whoever computes them writes here.
    """

    def __init__(self, starts: Sequence[Mapping[str, Tensor]], device: torch.device) -> None:
        self._shapes = {name: tuple(tensor.shape) for name, tensor in starts[0].items()}
        self.device = device
        self._lay([torch.stack([start[name] for start in starts]).to(device) for name in self._shapes])

    def __len__(self) -> int:
        return self._runs

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every name's shape in one run, in order."""
        return self._shapes

    def like(self, fill: float = 0.0) -> Tensor:
        """A buffer in the layout of `flat` (optimizer state)."""
        return torch.full_like(self.flat, fill)

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Name to view [S, *shape] of a buffer in the layout of `flat`."""
        parts = flat.split([self._runs * math.prod(shape) for shape in self._shapes.values()])
        return {
            name: part.view(self._runs, *shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }

    def of_run(self, row: int, flat: Tensor | None = None) -> dict[str, Tensor]:
        """One run's tensors, as views of `flat` (the weights when not given)."""
        return {name: view[row] for name, view in (self.weights if flat is None else self.views(flat)).items()}

    def kept(self, flat: Tensor, rows: Tensor) -> Tensor:
        """A buffer of this layout with only some runs; to be asked before `keep`."""
        return torch.cat([view.index_select(0, rows).flatten() for view in self.views(flat).values()])

    def keep(self, rows: Tensor) -> None:
        """Go on with only these runs (int64 [fewer])."""
        self._lay([view.index_select(0, rows) for view in self.weights.values()])

    def _lay(self, tensors: list[Tensor]) -> None:
        self._runs = len(tensors[0])
        self.flat = torch.cat([tensor.flatten() for tensor in tensors]).float()
        self.flat_gradients = torch.zeros_like(self.flat)
        self.weights, self.gradients = self.views(self.flat), self.views(self.flat_gradients)
