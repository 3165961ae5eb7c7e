"""`SparseNetwork`: a trained network run on its stored weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.kernels.buffers import Memory
from winnow.kernels.compiler import Compiler, Parameters
from winnow.kernels.elementwise import PackCall, pack_call, unpack_call
from winnow.kernels.layout import batch_of
from winnow.kernels.pattern import pattern_of
from winnow.kernels.stages import stages_of
from winnow.kernels.team import Call, Program, Team
from winnow.networks import Graph, Unsupported, fold_normalisation

# Images that run at once; more would only take more memory.
_SIZES = (8, 16, 32, 64, 128)
# A program of fewer multiplications runs on one thread: the barriers of more would take longer.
_WORTH_SHARING = 5e5
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
        Unsupported: the graph holds an operation that the kernels do not have, or the tensors are not float32.
    """

    def __init__(self, graph: Graph, tensors: Mapping[str, Tensor]) -> None:
        folded, state = fold_normalisation(graph, tensors)
        self._stages = stages_of(folded)
        self._kernels: dict[str, tuple[int, int]] = {}
        self._parameters = self._stored(state)
        self._runs: dict[tuple[int, int], _Run] = {}
        self._shape = torch.Size(graph.input.shape)

    @property
    def stored(self) -> int:
        """How many weights of linear layers and convolutions are stored."""
        return sum(pattern.stored for pattern in self._parameters.patterns.values())

    def __call__(self, images: Tensor) -> Tensor:
        """Logits [N, K] of images [N, C, H, W] (float32, on the CPU)."""
        if images.shape[1:] != self._shape or images.dtype is not torch.float32 or not images.is_cpu:
            raise ValueError(f"images must be float32 [N, {', '.join(map(str, self._shape))}] on the CPU")
        images = images.contiguous()
        if len(images) <= _SIZES[0]:
            return self._chunk(images, _SIZES[0])
        parts, done = [], 0
        while done < len(images):
            size = _size_for(len(images) - done)
            parts.append(self._chunk(images[done : done + size], size))
            done += size
        return torch.cat(parts) if parts else images.new_zeros(0, math.prod(self._stages.shapes[self._stages.output]))

    def _chunk(self, images: Tensor, size: int) -> Tensor:
        key = (size, torch.get_num_threads())
        if key not in self._runs:
            self._runs[key] = self._made(*key)
        return self._runs[key](images)

    def _made(self, size: int, threads: int) -> _Run:
        memory = Memory(self._stages, batch_of(size), self._kernels)
        logits = memory.value(self._stages.output)
        threads = threads if self._work() * size > _WORTH_SHARING else 1
        pack = pack_call(memory.value(self._stages.input))
        calls = Compiler(memory, self._for_strips(memory.batch.block), threads).forward(training=False)
        unpack = unpack_call(logits, 0)
        return _Run(pack, unpack, Team([Program([pack.call, *calls, unpack])], threads), logits.layout.features)

    def _work(self) -> int:
        """Multiplications of one image."""
        taps = [stage for stage in self._stages.stages if stage.kind == "taps"]
        positions = [math.prod(self._stages.shapes[stage.output][1:]) for stage in taps]
        stored = [self._parameters.patterns[stage.node.tensors["weight"]].stored for stage in taps]
        return sum(p * s for p, s in zip(positions, stored, strict=True))

    def _for_strips(self, block: int) -> Parameters:
        """The parameters in the order that suits a block of images; a convolution's strips run over pixels too."""
        values, patterns = dict(self._parameters.values), dict(self._parameters.patterns)
        for name, pattern in self._parameters.patterns.items():
            if name not in self._kernels:
                patterns[name], places = pattern.for_strips(block)
                values[name] = values[name][torch.from_numpy(places).long()]
        return Parameters(values, patterns)

    def _stored(self, state: Mapping[str, Tensor]) -> Parameters:
        kinds = {str(t.dtype) for t in state.values() if t.is_floating_point() and t.dtype is not torch.float32}
        if kinds:
            raise Unsupported(f"tensors of {', '.join(sorted(kinds))}")
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

    pack: PackCall
    unpack: Call
    team: Team
    classes: int

    def __call__(self, images: Tensor) -> Tensor:
        count = len(images)
        logits = torch.empty(count, self.classes)
        write = self.unpack.arguments
        self.pack.read(images.data_ptr(), count)
        write[1], write[2] = logits.data_ptr(), count
        self.team.run()
        return logits


def _size_for(images: int) -> int:
    """The batch to run next when so many images wait."""
    for size in _SIZES:
        if images <= size:
            return size if images >= _FILLED * size or size == _SIZES[0] else size // 2
    return _SIZES[-1]
