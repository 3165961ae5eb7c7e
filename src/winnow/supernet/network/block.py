"""`SearchBlock`: depthwise kernels of several sizes side by side, one search unit per depthwise channel."""

from __future__ import annotations

from math import gcd

import torch
from torch import Tensor, nn

from winnow.supernet.network.norms import Norm
from winnow.supernet.network.tokens import TokenPath
from winnow.supernet.space import BlockPlace, Space


class SearchBlock(nn.Module):
    """Expand, depthwise 3/5/7, project, beside a shortcut and a token path (You et al. 2022, section 3.1).

    The kernel paths are summed and one normalisation follows. A sum of products is one product, so all units share one
    `expand` and one `project`; they stand in the order of the space's kernels. The importance of a unit is its
    entry in `unit_norm.weight`. Convolutions have no biases.

    A block with no unit left is its shortcut (and tokens) plus `rest`: what `project_norm` makes of a constant, that
    is its shift. Where its running mean had not caught up with that constant, it makes a little more of it in eval
    mode; the buffer `rest_mean` keeps that until the first batch in training mode, as running statistics would.

    Args:
        place: where the block stands.
        space: for the kernels and the tokens' side.
        widths: units per kernel of the space.
        tokens: of the token path; 0 for none.
        norm: makes the batch normalisations.
    """

    rest_mean: Tensor

    def __init__(self, place: BlockPlace, space: Space, widths: tuple[int, ...], tokens: int, norm: Norm) -> None:
        super().__init__()
        self.split = [width for width in widths if width]
        units = sum(widths)
        if units:
            self.expand = nn.Conv2d(place.inputs, units, 1, bias=False)
            self.expand_norm = norm(units)
            paths = zip(space.kernels, widths, strict=True)
            self.depthwise = nn.ModuleDict({str(k): _depthwise(n, k, place.stride) for k, n in paths if n})
            self.unit_norm = norm(units)
            self.project = nn.Conv2d(units, place.outputs, 1, bias=False)
            self.project_norm = norm(place.outputs)
        else:
            self.rest = nn.Parameter(torch.zeros(place.outputs))
            self.register_buffer("rest_mean", torch.zeros(place.outputs))
        if place.keeps_shape:
            self.shortcut = None
        else:
            groups = gcd(place.inputs, place.outputs)
            self.shortcut = nn.Conv2d(place.inputs, place.outputs, 1, place.stride, groups=groups, bias=False)
        self.tokens = TokenPath(place.inputs, tokens, space.token_side, norm) if tokens else None

    @property
    def units(self) -> int:
        """Depthwise channels that are left."""
        return sum(self.split)

    def forward(self, maps: Tensor) -> Tensor:
        """From maps [N, inputs, H, W] to [N, outputs, H', W'], halved (and rounded up) at stride 2."""
        direct = maps if self.shortcut is None else self.shortcut(maps)
        found = direct + (self._searched(maps) if self.split else self._rest())
        return found if self.tokens is None else found + self.tokens(maps)

    def _searched(self, maps: Tensor) -> Tensor:
        hidden = self.expand_norm(self.expand(maps)).relu_()
        parts = hidden.split(self.split, 1)
        filtered = [path(part) for path, part in zip(self.depthwise.values(), parts, strict=True)]
        joined = filtered[0] if len(filtered) == 1 else torch.cat(filtered, 1)
        return self.project_norm(self.project(self.unit_norm(joined).relu_()))

    def _rest(self) -> Tensor:
        if self.training:
            self.rest_mean.zero_()
            return self.rest[:, None, None]
        return (self.rest - self.rest_mean)[:, None, None]


def _depthwise(units: int, kernel: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(units, units, kernel, stride, kernel // 2, groups=units, bias=False)
