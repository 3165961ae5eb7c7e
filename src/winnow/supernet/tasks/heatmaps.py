"""Joints as heatmaps, and back.

A heatmap's pixel is a window of the image: place x of the image is place (x + 1/2) w / W - 1/2 of a heatmap w wide.
So a mirror of the image mirrors its heatmaps exactly, and the mean of both answers needs no correction.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

Size = tuple[int, int]


def heatmaps_of(joints: Tensor, image: Size, heat: Size, sigma: float) -> Tensor:
    """A Gaussian of height 1 about each joint, its middle between pixels where the joint is.

    Args:
        joints: [B, K, 2 or more], x and y in the image's pixels.
        image: height and width of the image in pixels.
        heat: height and width of a heatmap.
        sigma: the Gaussian's deviation in pixels of the heatmap.

    Returns:
        [B, K, h, w] of the joints' type.
    """
    down = _bell(_resized(joints[:, :, 1], image[0], heat[0]), heat[0], sigma)
    right = _bell(_resized(joints[:, :, 0], image[1], heat[1]), heat[1], sigma)
    return down[:, :, :, None] * right[:, :, None, :]


def heatmap_errors(outputs: Tensor, wanted: Tensor, sigma: float) -> Tensor:
    """Squared error of each heatmap over what a heatmap of zeros would have.

    The squares of a Gaussian of height 1 sum to pi sigma^2, so that is the unit: an answer of nothing at all costs 1,
    on heatmaps of any size.

    Args:
        outputs: [B, K, h, w].
        wanted: the same shape.
        sigma: the Gaussian's deviation in pixels.

    Returns:
        [B, K].
    """
    return (outputs - wanted).square().sum((2, 3)) / (math.pi * sigma**2)


def joints_of(heatmaps: Tensor, image: Size) -> Tensor:
    """The joints that heatmaps show: the highest pixel, moved by a quarter pixel towards its higher neighbour.

    Args:
        heatmaps: [B, K, h, w].
        image: height and width of the image in pixels.

    Returns:
        [B, K, 3]: x and y in the image's pixels, and the height of the peak as the score.
    """
    height, width = heatmaps.shape[2:]
    score, place = heatmaps.flatten(2).max(2)
    row, column = place // width, place % width
    y = row + _lean(heatmaps, row, column, across=False)
    x = column + _lean(heatmaps, row, column, across=True)
    return torch.stack([_resized(x, width, image[1]), _resized(y, height, image[0]), score], 2)


def _lean(heatmaps: Tensor, row: Tensor, column: Tensor, *, across: bool) -> Tensor:
    """1/4 towards the higher of the two neighbours, 0 where they are equal or one is not there; [B, K]."""
    height, width = heatmaps.shape[2:]
    at, size, step = (column, width, 1) if across else (row, height, width)
    flat, place = heatmaps.flatten(2), row * width + column
    last = height * width - 1
    before = flat.gather(2, (place - step).clamp(0, last)[:, :, None])[:, :, 0]
    after = flat.gather(2, (place + step).clamp(0, last)[:, :, None])[:, :, 0]
    inside = (at > 0) & (at < size - 1)
    return 0.25 * torch.sign(after - before) * inside


def _resized(places: Tensor, before: int, after: int) -> Tensor:
    """Places on a side of `before` pixels as places on the same side in `after` pixels."""
    return (places + 0.5) * (after / before) - 0.5


def _bell(middles: Tensor, size: int, sigma: float) -> Tensor:
    """[B, K, size]: a Gaussian about each middle [B, K]."""
    ticks = torch.arange(size, dtype=middles.dtype, device=middles.device)
    return torch.exp(-((ticks - middles[:, :, None]) ** 2) / (2 * sigma**2))
