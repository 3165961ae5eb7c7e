"""The augmentation of labelled images: a random shift with reflected borders, and a flip. Only indices move."""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.supernet.tasks.chance import Chance


def shifted(images: Tensor, chance: Chance, *, share: float, flip: bool) -> Tensor:
    """Move each image by a number of pixels of its own, and mirror half of them.

    Args:
        images: [B, C, H, W] of any type.
        chance: the random numbers, for B images.
        share: the farthest move as a share of the shorter side: 1/8 moves images of 32 pixels by up to 4.
        flip: whether to mirror at all; digits must not be.

    Returns:
        New images of the same shape and type; what comes in from outside is the image's own reflection.
    """
    height, width = images.shape[2:]
    farthest = round(share * min(height, width))
    down, right, flipped = chance.whole(farthest), chance.whole(farthest), chance.coin(flip)
    rows = _reflected(torch.arange(height, device=images.device) - down[:, None], height)
    columns = _reflected(torch.arange(width, device=images.device) - right[:, None], width)
    columns = torch.where(flipped[:, None], columns.flip(1), columns)
    places = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
    picked = images.flatten(2).gather(2, places[:, None, :].expand(-1, images.shape[1], -1))
    return picked.reshape(images.shape)


def _reflected(places: Tensor, size: int) -> Tensor:
    """Indices inside 0..size-1; the border pixel itself is not doubled."""
    places = places.abs()
    return (size - 1 - (size - 1 - places).abs()).clamp_(min=0)
