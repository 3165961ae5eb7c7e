"""Blocks of a compact network on their stored weights only, where this machine runs them faster so."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from winnow.kernels import SparseNetwork
from winnow.networks import Unsupported, trace
from winnow.supernet.compact.block import CompactBlock
from winnow.supernet.compact.network import CompactNet

_ROUNDS, _SECONDS = 5, 0.01
# A block changes only for a clear gain: what is measured alone is a little luckier than in its place.
_WORTH = 0.9


class StoredBlock(nn.Module):
    """A compact block whose convolutions run on their non-zero weights (`winnow.kernels`); float32 on the CPU.

    Args:
        block: one that has units; it stays as it is.
        shape: of one input, (channels, height, width).

    Raises:
        Unsupported: when the kernels do not have an operation of it.
    """

    def __init__(self, block: CompactBlock, shape: tuple[int, ...]) -> None:
        super().__init__()
        bare = copy.deepcopy(block).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.tokens, bare.tokens = bare.tokens, None
        graph = trace(bare, shape)
        self.run, self.shape = SparseNetwork(graph, bare.state_dict()), graph.output.shape

    def forward(self, maps: Tensor) -> Tensor:
        """As the block's own."""
        found = self.run(maps).view(-1, *self.shape).contiguous(memory_format=torch.channels_last)
        return found if self.tokens is None else found + self.tokens(maps)


@torch.inference_mode()
def with_stored_weights(network: CompactNet, images: Tensor) -> tuple[CompactNet, tuple[str, ...]]:
    """A copy in which every block that is faster on its stored weights runs so, and the names of those blocks.

    Each block is timed both ways on this machine, with the maps that a batch of these images gives it.

    Args:
        network: it stays as it is.
        images: float32 [N, 3, H, W]; other sizes of batch may want other blocks.
    """
    own, chosen = copy.deepcopy(network), []
    for name, maps in _inputs(network, images).items():
        block = own.blocks[name]
        if not isinstance(block, CompactBlock) or not block.split:
            continue
        try:
            other = StoredBlock(block, tuple(maps.shape[1:]))
        except Unsupported:
            continue
        if _shortest(lambda m=maps, b=other: b(m)) < _WORTH * _shortest(lambda m=maps, b=block: b(m)):
            own.blocks[name] = other
            chosen.append(name)
    return own, tuple(chosen)


def _inputs(network: CompactNet, images: Tensor) -> dict[str, Tensor]:
    """What each block is given."""
    found: dict[str, Tensor] = {}

    def note(name: str, _: nn.Module, given: tuple[Tensor, ...]) -> None:
        found[name] = given[0]

    hooks = [block.register_forward_pre_hook(partial(note, name)) for name, block in network.blocks.items()]
    try:
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _shortest(call: Callable[[], object]) -> float:
    """Seconds a call, the shortest of several turns; the first call, which may compile, does not count."""
    call()
    best = float("inf")
    for _ in range(_ROUNDS):
        count, begin = 0, time.perf_counter()
        while (spent := time.perf_counter() - begin) < _SECONDS or count == 0:
            call()
            count += 1
        best = min(best, spent / count)
    return best
