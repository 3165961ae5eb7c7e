"""`PackedStack`: R networks of which only the stored weights exist, and the optimizer's state of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from winnow.kernels.compiler import Parameters
from winnow.kernels.pattern import Pattern, pattern_of
from winnow.sparsity import load_into, tensors_of
from winnow.training.checkpoint import STORED
from winnow.training.plan import Member
from winnow.training.stack import ALIGNMENT


@dataclass(frozen=True)
class _Part:
    """Where the stored weights of one parameter of one network lie in the flat buffers, and in the dense tensor."""

    name: str
    offset: int
    shape: torch.Size
    positions: Tensor

    def view(self, flat: Tensor) -> Tensor:
        """Its values in a flat buffer."""
        return flat[self.offset : self.offset + len(self.positions)]

    def dense(self, flat: Tensor) -> Tensor:
        """The whole tensor, zeros where nothing is stored."""
        whole = flat.new_zeros(self.shape.numel())
        whole[self.positions] = self.view(flat)
        return whole.view(self.shape)


class PackedStack:
    """R networks that are trained together on their stored weights; in place of `Stack` where masks are sparse.

    `weights` and `gradients` are flat buffers, network by network. Of linear layers and convolutions they hold no
    pruned weight: none can come back.

    Args:
        module: the architecture; it is copied, never changed.
        members: the networks' starts and masks.
        weighted: names of the linear and convolution weights, which are stored in their pattern's order.
    """

    device = torch.device("cpu")

    def __init__(self, module: nn.Module, members: Sequence[Member], weighted: Sequence[str]) -> None:
        self.members = list(members)
        self.modules = [copy.deepcopy(module).train() for _ in members]
        for own, member in zip(self.modules, members, strict=True):
            load_into(own, member.mask.applied(member.start))
        self.patterns = [_patterns(own, member, weighted) for own, member in zip(self.modules, members, strict=True)]
        self._parts, size = self._layout()
        self.weights = torch.zeros(size)
        self.gradients = torch.zeros_like(self.weights)
        for row, own in enumerate(self.modules):
            parameters = dict(own.named_parameters())
            for part in self._parts[row]:
                part.view(self.weights).copy_(parameters[part.name].detach().flatten()[part.positions])
        self._held = [held for row in range(len(members)) for held in self._masked(row)]

    def __len__(self) -> int:
        return len(self.members)

    def parts(self, flat: Tensor, row: int) -> list[Tensor]:
        """Every trained parameter of one network, as views of a flat buffer."""
        return [part.view(flat) for part in self._parts[row]]

    def parameters(self, row: int) -> Parameters:
        """The tensors of one network for the kernels: stored weights, running averages, gradients."""
        buffers = {**dict(self.modules[row].named_buffers()), **self._frozen(row)}
        stored = {part.name: part.view(self.weights) for part in self._parts[row]}
        gradients = {part.name: part.view(self.gradients) for part in self._parts[row]}
        return Parameters({**buffers, **stored}, self.patterns[row], gradients)

    def hold_masks(self) -> None:
        """Clear the gradients of what is pruned in biases and norms, which are stored whole; pruned weights are not."""
        for gradients, mask in self._held:
            gradients.mul_(mask)

    def tensors(self, row: int) -> dict[str, Tensor]:
        """Copies of all tensors of one network, dense."""
        dense = {part.name: part.dense(self.weights) for part in self._parts[row]}
        return {name: dense.get(name, tensor) for name, tensor in tensors_of(self.modules[row]).items()}

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold: stored weights, and the buffers of every module."""
        buffers = {f"buffer.{r}.{n}": b for r, m in enumerate(self.modules) for n, b in m.named_buffers()}
        return {STORED: self.weights, **buffers}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave."""
        for name, own in self.state().items():
            own.copy_(state[name])

    def _frozen(self, row: int) -> dict[str, Tensor]:
        frozen = {n: p.detach() for n, p in self.modules[row].named_parameters() if not p.requires_grad}
        patterns = self.patterns[row]
        return {
            name: tensor.flatten()[torch.from_numpy(patterns[name].positions)] if name in patterns else tensor
            for name, tensor in frozen.items()
        }

    def _layout(self) -> tuple[list[list[_Part]], int]:
        rows, offset = [], 0
        for row, own in enumerate(self.modules):
            parts = []
            for name, parameter in own.named_parameters():
                if parameter.requires_grad:
                    part = _Part(name, offset, parameter.shape, self._positions(row, name, parameter))
                    parts.append(part)
                    offset += -(-len(part.positions) // ALIGNMENT) * ALIGNMENT
            rows.append(parts)
        return rows, offset

    def _positions(self, row: int, name: str, parameter: Tensor) -> Tensor:
        if name in self.patterns[row]:
            return torch.from_numpy(self.patterns[row][name].positions)
        return torch.arange(parameter.numel())

    def _masked(self, row: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The gradients of masked biases and norms, with their masks."""
        mask = self.members[row].mask
        for part in self._parts[row]:
            if part.name in mask and part.name not in self.patterns[row]:
                yield part.view(self.gradients), mask[part.name].flatten()


def _patterns(module: nn.Module, member: Member, weighted: Sequence[str]) -> dict[str, Pattern]:
    parameters = dict(module.named_parameters())
    patterns = {}
    for name in weighted:
        mask = member.mask.get(name)
        shape = parameters[name].shape
        whole = np.ones((shape[0], shape[1:].numel()), dtype=bool)
        patterns[name] = pattern_of(whole if mask is None else mask.flatten(1).numpy())
    return patterns
