"""How maps go through the blocks: fusion of neighbouring branches, rows of blocks, and the two kinds of head."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from winnow.supernet.space import BlockPlace


def run_stage(blocks: nn.ModuleDict, places: Sequence[BlockPlace], maps: list[Tensor]) -> list[Tensor]:
    """One fusion and one parallel module: maps per branch, from the highest resolution down, to maps per branch."""
    after = _fused(blocks, places, maps)
    for place in places:
        if place.kind == "grow":  # from the branch above it as it stands after fusion
            after.append(blocks[place.name](after[place.source]))
    for place in places:
        if place.kind == "branch":
            after[place.target] = blocks[place.name](after[place.target])
    return after


def run_class_head(blocks: nn.ModuleDict, places: Sequence[BlockPlace], maps: list[Tensor]) -> Tensor:
    """Every branch widened, and the upper one taken down into the next: the lowest branch's map of all."""
    wide = [blocks[place.name](maps[place.source]) for place in places if place.kind == "widen"]
    found = wide[0]
    for place in places:
        if place.kind == "descend":
            found = wide[place.target] + blocks[place.name](found)
    return found


def run_pixel_head(blocks: nn.ModuleDict, places: Sequence[BlockPlace], maps: list[Tensor]) -> Tensor:
    """All branches side by side at the first one's resolution, through one block."""
    side_by_side = torch.cat([maps[0], *(_resized(lower, maps[0]) for lower in maps[1:])], 1)
    return blocks[places[0].name](side_by_side)


def _fused(blocks: nn.ModuleDict, places: Sequence[BlockPlace], maps: list[Tensor]) -> list[Tensor]:
    """Each branch from its neighbours and itself, then ReLU; places come by target and then by source."""
    sums: list[Tensor] = []
    for place in places:
        if place.kind != "fuse":
            continue
        part = blocks[place.name](maps[place.source])
        if place.source > place.target:
            part = _resized(part, maps[place.target])
        if place.target == len(sums):
            sums.append(part)
        else:
            sums[place.target] = sums[place.target] + part
    return [total.relu() for total in sums]


def _resized(maps: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(maps, like.shape[-2:], mode="bilinear", align_corners=False)
