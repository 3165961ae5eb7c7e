"""A search block's units as plain numbers with their normalisations inside, and which of them do nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from winnow.supernet.compact.folding import scale_and_shift, scaled
from winnow.supernet.network import SearchBlock


@dataclass(frozen=True, eq=False)
class Units:
    """The searched part of a block in eval mode, in float64.

    For each unit u: relu(expand[u] x + enter[u]), filtered by its kernel, plus inside[u], relu; then project and leave.

    Args:
        expand: [units, inputs].
        enter: [units].
        kernels: per size of kernel, in order, the depthwise filters [units of that size, k, k].
        inside: [units].
        project: [outputs, units].
        leave: [outputs].
    """

    expand: Tensor
    enter: Tensor
    kernels: dict[int, Tensor]
    inside: Tensor
    project: Tensor
    leave: Tensor

    @classmethod
    def of(cls, block: SearchBlock) -> Units:
        """Those of a block that has any."""
        into, enter = scale_and_shift(block.expand_norm)
        middle, inside = scale_and_shift(block.unit_norm)
        out, leave = scale_and_shift(block.project_norm)
        paths = zip(block.depthwise.items(), middle.split(block.split), strict=True)
        return cls(
            scaled(block.expand.weight, into).flatten(1),
            enter,
            {int(kernel): scaled(path.weight, scale)[:, 0] for (kernel, path), scale in paths},  # type: ignore[arg-type]
            inside,
            scaled(block.project.weight, out).flatten(1),
            leave,
        )

    @property
    def widths(self) -> dict[int, int]:
        """Units per size of kernel."""
        return {kernel: len(filters) for kernel, filters in self.kernels.items()}

    def padded(self) -> Tensor:
        """All filters [units, k, k] at the size of the largest, zeros around the smaller ones."""
        largest = max(self.kernels)
        return torch.cat([_widened(filters, largest) for filters in self.kernels.values()])

    def without_dead(self) -> Units:
        """The same function with only the units that a pixel can change.

        A unit that nobody reads (its column of `project` is 0) goes. So does one that is the same everywhere: its
        filter (or its importance) is 0, or it expands nothing and what is left, a constant, is 0 or meets no border,
        since its filter reads the centre only. Around any other constant the padding's zeros would show at the
        border, so that unit stays. What constants the project read becomes part of `leave`: it is a 1x1 convolution
        without padding.
        """
        filters = self.padded().flatten(1)
        centre = filters[:, filters.shape[1] // 2]
        still = (self.expand == 0).all(1)
        entered = self.enter.relu()
        borderless = (entered == 0) | (filters.count_nonzero(1) == (centre != 0))
        constant = (filters == 0).all(1) | (still & borderless)
        values = torch.where(still, entered * centre, 0)
        unread = (self.project == 0).all(0)
        told = torch.where(constant, (values + self.inside).relu(), 0)
        return replace(self._kept(~(constant | unread)), leave=self.leave + self.project @ told)

    def _kept(self, kept: Tensor) -> Units:
        sizes = kept.split(list(self.widths.values()))
        pairs = zip(self.kernels.items(), sizes, strict=True)
        kernels = {kernel: filters[own] for (kernel, filters), own in pairs if own.any()}
        project, leave = self.project[:, kept], self.leave
        return Units(self.expand[kept], self.enter[kept], kernels, self.inside[kept], project, leave)


def _widened(filters: Tensor, size: int) -> Tensor:
    border = (size - filters.shape[-1]) // 2
    return torch.nn.functional.pad(filters, (border,) * 4)
