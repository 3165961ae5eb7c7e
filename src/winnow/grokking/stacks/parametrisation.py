"""From what is trained to what computes: plain weights, masked weights, or scores that choose a mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from winnow.grokking.stacks.member import Member
from winnow.grokking.stacks.space import Space


class Parametrisation(Protocol):
    """Between the space that the update rule moves and the weights that an engine sees."""

    @property
    def space(self) -> Space:
        """What is trained."""
        ...

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """What the network computes with, [S, *shape] each; up to date after `refresh`."""
        ...

    @property
    def gradients(self) -> Mapping[str, Tensor]:
        """Where the engine writes the gradients of `weights`."""
        ...

    def refresh(self) -> None:
        """Before a pass: bring `weights` up to date with the space."""
        ...

    def pull(self) -> None:
        """After a pass: from gradients of `weights` to gradients of the space."""
        ...

    def settle(self) -> None:
        """After a hook or an update that may have moved pruned weights: set them to exactly 0 again."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with some runs; tells the space."""
        ...


class Masked:
    """The weights themselves; those outside of a run's mask are exactly 0 and stay it."""

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        starts = [m.mask.applied(m.start) if m.mask is not None else m.start for m in members]
        self._space = Space(starts, device)
        self._mask = self._flat_mask(members) if any(m.mask is not None for m in members) else None

    @property
    def space(self) -> Space:
        """See `Parametrisation.space`."""
        return self._space

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """See `Parametrisation.weights`."""
        return self._space.weights

    @property
    def gradients(self) -> Mapping[str, Tensor]:
        """See `Parametrisation.gradients`."""
        return self._space.gradients

    def refresh(self) -> None:
        """Nothing: they are the space's own."""

    @torch.no_grad()
    def pull(self) -> None:
        """See `Parametrisation.pull`: elementwise rules then leave pruned weights at exactly 0."""
        if self._mask is not None:
            self._space.flat_gradients.mul_(self._mask)

    @torch.no_grad()
    def settle(self) -> None:
        """See `Parametrisation.settle`."""
        if self._mask is not None:
            self._space.flat_gradients.mul_(self._mask)
            self._space.flat.mul_(self._mask)

    def keep(self, rows: Tensor) -> None:
        """See `Parametrisation.keep`."""
        if self._mask is not None:
            self._mask = self._space.kept(self._mask, rows)
        self._space.keep(rows)

    def _flat_mask(self, members: Sequence[Member]) -> Tensor:
        flat = self._space.like(1.0)
        for name, view in self._space.views(flat).items():
            for row, member in enumerate(members):
                if member.mask is not None and name in member.mask:
                    view[row] = member.mask[name].to(view)
        return flat
