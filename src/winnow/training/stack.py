"""`Stack`: R networks of one architecture whose weights lie in one block of memory."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from winnow.sparsity import Mask, load_into, tensors_of
from winnow.training.plan import Member

# Vector units read 16 floats; a block that starts at a multiple of 16 is computed alike in a stack of any size.
ALIGNMENT = 16


@dataclass(frozen=True)
class Block:
    """Where one parameter of all R networks lies in the flat buffer: [R, *shape], contiguous."""

    name: str
    shape: torch.Size
    offset: int

    def view(self, flat: Tensor, members: int) -> Tensor:
        """The block as [R, *shape]; shares memory with `flat`."""
        return flat[self.offset : self.offset + members * self.shape.numel()].view(members, *self.shape)


class Stack:
    """R networks that are trained together.

    All trained parameters lie in `weights`, one flat float buffer, parameter by parameter, so that a batched matrix
    product reads one parameter of all networks and the optimizer updates everything in one pass. `gradients` and
    `masks` have the same layout. `modules` are R ordinary modules whose parameters are views of that memory.

    Args:
        module: the architecture; it is copied, never changed.
        members: the networks' starts and masks.
        device: where to train.
    """

    def __init__(self, module: nn.Module, members: Sequence[Member], device: torch.device) -> None:
        self.members = list(members)
        self.device = device
        self.modules = [copy.deepcopy(module).to(device).train() for _ in members]
        trained = {n: p for n, p in self.modules[0].named_parameters() if p.requires_grad}
        self.blocks, size = _layout({n: p.shape for n, p in trained.items()}, len(members))
        self.weights = torch.zeros(size, device=device)
        self.gradients = torch.zeros_like(self.weights)
        self.masks = torch.ones_like(self.weights)
        for row, member in enumerate(self.members):
            self._fill(row, member)
        self.is_masked = not bool(self.masks.all())
        self._tie()

    def __len__(self) -> int:
        return len(self.members)

    def stacked(self, flat: Tensor) -> dict[str, Tensor]:
        """Every parameter as [R, *shape], as views of one of the flat buffers."""
        return {block.name: block.view(flat, len(self)) for block in self.blocks}

    def parts(self, flat: Tensor, row: int) -> list[Tensor]:
        """Every parameter of one network, as views of a flat buffer."""
        return [block[row] for block in self.stacked(flat).values()]

    def hold_masks(self) -> None:
        """Clear the gradients of pruned weights.

        A pruned weight is 0 and so are its gradient and its averages; every optimizer here then leaves it at exactly 0,
        with weight decay and momentum too.
        """
        if self.is_masked:
            self.gradients.mul_(self.masks)

    def set_mask(self, row: int, mask: Mask) -> None:
        """Give one network another mask; its weights and gradients are left as they are."""
        for name, block in self.stacked(self.masks).items():
            if name in mask:
                block[row].copy_(mask[name])
        self.is_masked = self.is_masked or mask.kept < mask.total

    def tensors(self, row: int) -> dict[str, Tensor]:
        """Copies of all tensors of one network, on the CPU."""
        return {name: t.cpu() for name, t in tensors_of(self.modules[row]).items()}

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold: weights, and the buffers of every module."""
        buffers = {f"buffer.{r}.{n}": b for r, m in enumerate(self.modules) for n, b in m.named_buffers()}
        return {"weights": self.weights, **buffers}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` gave."""
        for name, own in self.state().items():
            own.copy_(state[name])

    @torch.no_grad()
    def _fill(self, row: int, member: Member) -> None:
        load_into(self.modules[row], member.mask.applied(member.start))
        own = dict(self.modules[row].named_parameters())
        weights, masks = self.stacked(self.weights), self.stacked(self.masks)
        for block in self.blocks:
            weights[block.name][row].copy_(own[block.name])
            if block.name in member.mask:
                masks[block.name][row].copy_(member.mask[block.name])

    def _tie(self) -> None:
        """Make the modules' parameters and gradients views of the flat buffers."""
        weights, gradients = self.stacked(self.weights), self.stacked(self.gradients)
        for row, module in enumerate(self.modules):
            for name, parameter in module.named_parameters():
                if name in weights:
                    parameter.data = weights[name][row]
                    parameter.grad = gradients[name][row]


def _layout(shapes: Mapping[str, torch.Size], members: int) -> tuple[list[Block], int]:
    blocks, offset = [], 0
    for name, shape in shapes.items():
        blocks.append(Block(name, shape, offset))
        offset += -(-members * shape.numel() // ALIGNMENT) * ALIGNMENT
    return blocks, offset
