"""`CompactBlock`: a search block as the fewest convolutions that do the same."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from winnow.supernet.compact.folding import convolution, folded
from winnow.supernet.compact.units import Units
from winnow.supernet.network import SearchBlock
from winnow.supernet.network.tokens import TokenPath


class CompactBlock(nn.Module):
    """What a masked search block computes in eval mode, without normalisations and without units that do nothing.

    Args:
        block: in eval mode, masked weights exactly 0; it stays as it is.
        merge: one depthwise convolution of the largest kernel for all units, zeros around the smaller filters, instead
            of one for each size. More multiplications and fewer calls.
    """

    def __init__(self, block: SearchBlock, *, merge: bool) -> None:
        super().__init__()
        units = Units.of(block).without_dead() if block.units else None
        shift = (block.rest - block.rest_mean).detach().double() if units is None else units.leave
        like = next(block.parameters())
        stride = 1 if block.shortcut is None else block.shortcut.stride[0]
        self.split: list[int] = []
        if units is not None and units.kernels:
            self._add_units(units, stride, like.dtype, merge)
            shift = None
        self.shortcut = None
        self.shift = None
        if block.shortcut is not None:
            old = block.shortcut
            self.shortcut = convolution(old.weight, shift, stride=stride, groups=old.groups, dtype=like.dtype)
        elif shift is not None and shift.any():
            self.shift = nn.Parameter(shift.to(like.dtype)[:, None, None], requires_grad=False)
        self.tokens = None if block.tokens is None else without_norms(block.tokens)

    def _add_units(self, units: Units, stride: int, dtype: torch.dtype, merge: bool) -> None:
        kernels = {max(units.kernels): units.padded()} if merge else units.kernels
        self.split = [len(filters) for filters in kernels.values()]
        self.expand = convolution(units.expand[:, :, None, None], units.enter, stride=1, groups=1, dtype=dtype)
        parts = zip(kernels.values(), units.inside.split(self.split), strict=True)
        self.depthwise = nn.ModuleList(
            convolution(filters[:, None], inside, stride=stride, groups=len(filters), dtype=dtype)
            for filters, inside in parts
        )
        self.project = convolution(units.project[:, :, None, None], units.leave, stride=1, groups=1, dtype=dtype)

    @property
    def units(self) -> int:
        """Depthwise channels that are left."""
        return sum(self.split)

    def forward(self, maps: Tensor) -> Tensor:
        """From maps [N, inputs, H, W] to [N, outputs, H', W'], halved (and rounded up) at stride 2."""
        found = self.direct(maps)
        return found if self.tokens is None else found + self.tokens(maps)

    def direct(self, maps: Tensor) -> Tensor:
        """All but the token path: convolutions, sums and ReLU only."""
        direct = maps if self.shortcut is None else self.shortcut(maps)
        if self.split:
            return direct + self.project(self._filtered(self.expand(maps).relu()).relu())
        return direct if self.shift is None else direct + self.shift

    def _filtered(self, hidden: Tensor) -> Tensor:
        if len(self.split) == 1:
            return self.depthwise[0](hidden)
        parts = hidden.split(self.split, 1)
        return torch.cat([path(part) for path, part in zip(self.depthwise, parts, strict=True)], 1)


@torch.no_grad()
def without_norms(path: TokenPath) -> TokenPath:
    """A token path whose batch normalisations are part of its convolutions."""
    own = copy.deepcopy(path).requires_grad_(False)
    own.read, own.token_norm = folded(path.read, path.token_norm), nn.Identity()  # type: ignore[assignment]
    own.write, own.write_norm = folded(path.write, path.write_norm), nn.Identity()  # type: ignore[assignment]
    return own
