"""`SparseNetwork`: a trained network run on its stored weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.kernels.buffers import Memory
from winnow.kernels.compiler import Compiler, Parameters
from winnow.kernels.elementwise import pack_call, unpack_call
from winnow.kernels.layout import batch_of
from winnow.kernels.pattern import pattern_of
from winnow.kernels.stages import stages_of
from winnow.kernels.team import Call, Program, Team
from winnow.networks import Graph, fold_normalisation

# Images that run at once; more would only take more memory.
_SIZES = (8, 16, 32, 64, 128)
# A program for more images than there are is run when at least this part of it is filled.
_FILLED = 0.75


class SparseNetwork:
    """Inference on the non-zero weights only, on the CPU.

    Batch normalisations are folded into the layers before them. Programs are made for a few batch sizes when they are
    first needed. It may be called from one thread at a time.

    Args:
        graph: the network.
        tensors: its state dict in float32; weights that are exactly 0 are not stored.

    Raises:
        Unsupported: the graph holds an operation that the kernels do not have.
    """

    def __init__(self, graph: Graph, tensors: Mapping[str, Tensor]) -> None:
        folded, state = fold_normalisation(graph, tensors)
        self._stages = stages_of(folded)
        self._kernels: dict[str, tuple[int, int]] = {}
        self._parameters = self._stored(state)
        self._runs: dict[tuple[int, int], _Run] = {}
        self._shape = tuple(graph.input.shape)

    @property
    def stored(self) -> int:
        """How many weights of linear layers and convolutions are stored."""
        return sum(pattern.stored for pattern in self._parameters.patterns.values())

    def __call__(self, images: Tensor) -> Tensor:
        """Logits [N, K] of images [N, C, H, W] (float32, on the CPU)."""
        if tuple(images.shape[1:]) != self._shape or images.dtype != torch.float32 or images.device.type != "cpu":
            raise ValueError(f"images must be float32 [N, {', '.join(map(str, self._shape))}] on the CPU")
        images = images.detach().contiguous()
        if len(images) <= _SIZES[0]:
            return self._chunk(images, _SIZES[0])
        parts, done = [], 0
        while done < len(images):
            size = _size_for(len(images) - done)
            parts.append(self._chunk(images[done : done + size], size))
            done += size
        return torch.cat(parts) if parts else images.new_zeros(0, self._stages.shapes[self._stages.output][0])

    def _chunk(self, images: Tensor, size: int) -> Tensor:
        key = (size, torch.get_num_threads())
        if key not in self._runs:
            self._runs[key] = self._made(*key)
        return self._runs[key](images)

    def _made(self, size: int, threads: int) -> _Run:
        memory = Memory(self._stages, batch_of(size), self._kernels)
        logits = memory.value(self._stages.output)
        out = torch.zeros(size, logits.layout.features)
        pack = pack_call(0, memory.value(self._stages.input))
        calls = Compiler(memory, self._parameters, threads).forward(training=False)
        return _Run(pack, Team([Program([pack, *calls, unpack_call(logits, out)])], threads), out)

    def _stored(self, state: Mapping[str, Tensor]) -> Parameters:
        values, patterns = {name: t.detach().contiguous() for name, t in state.items()}, {}
        for stage in self._stages.stages:
            if stage.kind != "taps":
                continue
            name = stage.node.tensors["weight"]
            weight = values[name]
            if weight.dim() == 4:
                self._kernels[name] = (weight.shape[2], weight.shape[3])
            patterns[name] = pattern_of((weight != 0).flatten(1).numpy())
            values[name] = weight.flatten()[torch.from_numpy(patterns[name].positions)]
        return Parameters(values, patterns)


@dataclass
class _Run:
    """A program for up to so many images."""

    pack: Call
    team: Team
    logits: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        arguments = self.pack.arguments
        arguments[0], arguments[2] = images.data_ptr(), len(images)
        self.team.run()
        return self.logits[: len(images)].clone()


def _size_for(images: int) -> int:
    """The batch to run next when so many images wait."""
    for size in _SIZES:
        if images <= size:
            return size if images >= _FILLED * size or size == _SIZES[0] else size // 2
    return _SIZES[-1]
