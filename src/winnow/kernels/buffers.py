"""Which memory holds the values of a network's stages and the gradients that flow back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.kernels.layout import Batch, Buffer, Layout, buffer
from winnow.kernels.products import Window, whole
from winnow.kernels.stages import Stage, Stages


class Memory:
    """Working memory of one network at a time, for one batch size; networks of one architecture may share it in turn.

    Values are kept for the whole step, since the backward pass reads them. Gradients live shortly: their memory is used
    again by `Lease`. Places of empty images in a gradient are 0 and every operation leaves them so, which is what
    keeps them out of the weights' gradients.

    Args:
        stages: of the network.
        batch: the images.
        kernels: weight name to (height, width) of its kernel.
    """

    def __init__(self, stages: Stages, batch: Batch, kernels: Mapping[str, tuple[int, int]]) -> None:
        self.stages, self.batch, self.kernels = stages, batch, kernels
        self._values: dict[str, Buffer] = {}
        self._moments: dict[str, tuple[Tensor, Tensor]] = {}
        self._gradients: dict[Layout, list[Buffer]] = {}

    def value(self, name: str) -> Buffer:
        """The memory of a stage's output, or of the images."""
        if name not in self._values:
            readers = [s for s in self.stages.readers(name) if s.source == name and s.node.kind == "conv"]
            halo = max((max(s.node.options["padding"]) for s in readers), default=0)
            self._values[name] = buffer(Layout(*self.stages.shapes[name], self.batch, halo))
        return self._values[name]

    def moments(self, stage: Stage) -> tuple[Tensor, Tensor]:
        """Mean and inverse deviation of a batch normalisation."""
        if stage.output not in self._moments:
            channels = self.stages.shapes[stage.output][0]
            self._moments[stage.output] = (torch.zeros(channels), torch.zeros(channels))
        return self._moments[stage.output]

    def gradient(self, layout: Layout, number: int) -> Buffer:
        """The memory of that number among the gradients of a layout."""
        known = self._gradients.setdefault(layout, [])
        while len(known) <= number:
            known.append(buffer(layout))
        return known[number]

    def window(self, stage: Stage) -> Window:
        """The geometry of a stage of taps."""
        node = stage.node
        if node.kind == "linear":
            return whole(self.value(stage.source).layout)
        stride, padding, dilation = (_pair(node.options[name]) for name in ("stride", "padding", "dilation"))
        kernel = self.kernels[node.tensors["weight"]]
        return Window(kernel, stride, padding, dilation, node.options["groups"])


class Lease:
    """Gives out a memory's gradients for one backward pass and takes them back."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._made: dict[Layout, int] = {}
        self._free: dict[Layout, list[Buffer]] = {}

    def take(self, layout: Layout) -> Buffer:
        """Memory that nobody uses now."""
        free = self._free.setdefault(layout, [])
        if free:
            return free.pop()
        number = self._made.get(layout, 0)
        self._made[layout] = number + 1
        return self._memory.gradient(layout, number)

    def give(self, used: Buffer) -> None:
        """It is free again."""
        self._free.setdefault(used.layout, []).append(used)


def _pair(value: object) -> tuple[int, int]:
    first, second = value  # type: ignore[misc]
    return int(first), int(second)
