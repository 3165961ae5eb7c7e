"""Scaled and rotated digits with soft edges, and coloured backgrounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.supernet.scenes.objects import DIGIT

# Ink between these shades off: half a pixel of soft edge at the sizes that scenes use.
_SOFT, _FULL = 0.28, 0.52
_NOISE = 18.0  # standard deviation of a pixel, in 0..255
_CELLS = 5  # a background's texture has this many knots a side


class Placement(NamedTuple):
    """Where digits lie: middle float64 [n, 2] as x, y in pixels, side [n] in pixels, angle [n] in radians."""

    middle: NDArray[np.float64]
    side: NDArray[np.float64]
    angle: NDArray[np.float64]


def pushed(points: NDArray[np.float64], placed: Placement) -> NDArray[np.float64]:
    """Points of the digits' own frames on the canvas, both [n, K, 2] as x, y in pixels, first pixel at 0, 0."""
    cosine, sine = (turn(placed.angle) * placed.side / DIGIT for turn in (np.cos, np.sin))
    rotations = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], axis=-2)
    return (points - (DIGIT - 1) / 2) @ rotations + placed.middle[:, None]


def covers(ink: NDArray[np.float64], placed: Placement, size: tuple[int, int]) -> NDArray[np.float64]:
    """How opaque digits, ink float64 [n, 8, 8], are at every pixel of the canvas: float64 [n, H, W] in 0..1.

    Every pixel asks where in the digit it comes from, and takes the ink between the pixels there.
    """
    cosine, sine = (turn(placed.angle) * DIGIT / placed.side for turn in (np.cos, np.sin))
    across = (np.arange(size[1]) - placed.middle[:, :1])[:, None, :]
    down = (np.arange(size[0]) - placed.middle[:, 1:])[:, :, None]

    def along(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        # One pixel of margin, and no further out than the margin: there is no ink there.
        place = first[:, None, None] * across + second[:, None, None] * down + (DIGIT + 1) / 2
        return np.clip(place, 0, DIGIT + 1)

    shade = _sampled(ink, along(cosine, sine), along(-sine, cosine))
    return np.clip((shade - _SOFT) / (_FULL - _SOFT), 0, 1)


def background(size: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float64]:
    """A texture of two colours and shades between them, float64 [H, W, 3] in 0..255, without noise."""
    knots = generator.uniform(0, 255, (_CELLS, _CELLS, 3)) * 0.5 + generator.uniform(0, 127, 3)
    down, across = _hat(size[0]), _hat(size[1])
    rows = (down @ knots.reshape(_CELLS, -1)).reshape(-1, _CELLS, 3)
    return across @ rows


def noisy(image: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.uint8]:
    """The image with noise on every channel of every pixel, as bytes."""
    noise = generator.standard_normal(image.shape, dtype=np.float32) * np.float32(_NOISE)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def _hat(length: int) -> NDArray[np.float64]:
    """Linear interpolation from the knots to the pixels, [length, knots]."""
    place = np.linspace(0, _CELLS - 1, length)[:, None]
    return np.clip(1 - np.abs(place - np.arange(_CELLS)), 0, 1)


def _sampled(ink: NDArray[np.float64], across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ink between the pixels (bilinear) at places [n, H, W] of digits with one pixel of margin on every side."""
    width = DIGIT + 3
    flat = np.pad(ink, ((0, 0), (1, 2), (1, 2))).ravel()
    column, row = across.astype(np.int64), down.astype(np.int64)
    right, below = across - column, down - row
    at = row * width + column + (np.arange(len(ink)) * width**2)[:, None, None]
    corners = [flat[at + step] for step in (0, 1, width, width + 1)]
    top = corners[0] + (corners[1] - corners[0]) * right
    bottom = corners[2] + (corners[3] - corners[2]) * right
    return top + (bottom - top) * below
