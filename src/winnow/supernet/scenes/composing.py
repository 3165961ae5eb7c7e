"""Scenes: digits of random size, angle and colour, one over the other, on a textured ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.core import derive_seed
from winnow.data.vision import VOID
from winnow.supernet.scenes.drawing import Placement, background, covers, noisy, pushed
from winnow.supernet.scenes.objects import objects

_ANGLE = np.pi / 6
_CONTRAST = (
    90.0  # least distance of an object's colour from the ground under it, in 0..255 per channel, root mean square
)
_DIM, _BRIGHT = 0.3, 170.0  # of a plain scene: the ground's share of its light, and the darkest of its colours
_SOLID = 0.85  # opacity from which a pixel is the object's; down to the rest of 1 it is edge


class Kind(NamedTuple):
    """What a task's scenes look like: how many digits, how large (share of the shorter side), how near the middle."""

    fewest: int
    most: int
    smallest: float
    largest: float
    spread: float


KINDS = {
    "classification": Kind(1, 1, 0.5, 0.85, 0.18),
    "segmentation": Kind(2, 5, 0.3, 0.55, 0.4),
    "keypoints": Kind(2, 2, 0.45, 0.75, 0.3),
}


@dataclass(frozen=True, eq=False)
class Scenes:
    """Composed scenes, and all that is known of them.

    Args:
        images: uint8 [N, H, W, 3].
        digits: int64 [N], the digit of the subject, one of the scene's objects.
        labels: uint8 [N, H, W], 0 for the ground, 1 to 10 for the digits, 255 at soft edges.
        joints: float64 [N, 5, 3], the subject's landmarks: x, y in pixels; 2 = visible, 1 = under another object,
            0 = outside of the canvas (then x and y are 0).
        boxes: float64 [N, 4], left, top, width and height of the subject on the canvas, what is hidden included.
        areas: float64 [N], pixels of the subject, what is hidden included.
    """

    images: NDArray[np.uint8]
    digits: NDArray[np.int64]
    labels: NDArray[np.uint8]
    joints: NDArray[np.float64]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]


class _Scene(NamedTuple):
    image: NDArray[np.uint8]
    digit: int
    labels: NDArray[np.uint8]
    joints: NDArray[np.float64]
    box: NDArray[np.float64]
    area: float


def compose(task: str, split: str, count: int, size: tuple[int, int], seed: int, *, plain: bool = False) -> Scenes:
    """Scenes of a split; scene i depends on task, split, size, seed and i alone, and not on how many there are.

    Args:
        task: "classification" (one digit), "segmentation" (2 to 5) or "keypoints" (the subject and another one).
        split: "train" or "test", whose digits are others.
        count: scenes.
        size: height and width in pixels.
        seed: what all of it is drawn from.
        plain: bright digits on a dim ground, which a network learns to see in a hundred steps; else any colours.
    """
    seeds = [derive_seed(seed, "scene", task, split, number) for number in range(count)]
    made = [_composed(KINDS[task], split, size, np.random.default_rng(each), plain) for each in seeds]
    columns = [np.array(column) for column in zip(*made, strict=True)]
    return Scenes(*columns)


def _composed(kind: Kind, split: str, size: tuple[int, int], generator: np.random.Generator, plain: bool) -> _Scene:
    digits = objects(split)
    number = int(generator.integers(kind.fewest, kind.most + 1))
    chosen = generator.integers(0, len(digits.labels), number)
    subject = int(generator.integers(number))
    placed = _placement(kind, number, size, generator)
    opaque = covers(digits.ink[chosen], placed, size)
    image = background(size, generator) * (_DIM if plain else 1)
    darkest = _BRIGHT if plain else 0.0
    labels = np.zeros(size, dtype=np.uint8)
    for cover, digit in zip(opaque, digits.labels[chosen], strict=True):
        image += cover[..., None] * (_colour(image, cover, generator, darkest) - image)
        labels[cover > 1 - _SOLID] = VOID
        labels[cover >= _SOLID] = digit + 1
    points = pushed(digits.landmarks[chosen], placed)[subject]
    joints = _joints(points, opaque[subject + 1 :])
    box, area = _extent(opaque[subject])
    return _Scene(noisy(image, generator), int(digits.labels[chosen[subject]]), labels, joints, box, area)


def _placement(kind: Kind, number: int, size: tuple[int, int], generator: np.random.Generator) -> Placement:
    shorter = min(size)
    middle = np.array([size[1] - 1, size[0] - 1]) / 2
    reach = kind.spread * np.array([size[1], size[0]])
    return Placement(
        middle + generator.uniform(-1, 1, (number, 2)) * reach,
        generator.uniform(kind.smallest, kind.largest, number) * shorter,
        generator.uniform(-_ANGLE, _ANGLE, number),
    )


def _colour(
    image: NDArray[np.float64], cover: NDArray[np.float64], generator: np.random.Generator, darkest: float
) -> NDArray[np.float64]:
    """A random colour that stands out from what it covers, [3]; over a bright digit any bright colour does."""
    under = np.tensordot(cover, image, 2) / max(cover.sum(), 1e-9)
    while True:
        colour = generator.uniform(darkest, 255, 3)
        if darkest or np.sqrt(np.square(colour - under).mean()) >= _CONTRAST:
            return colour


def _joints(points: NDArray[np.float64], above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Landmarks [5, 2] with their visibility, [5, 3]; `above` is how opaque the objects over the subject are."""
    height, width = above.shape[1:]
    column, row = np.rint(points).astype(np.int64).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    hidden = (above[:, row.clip(0, height - 1), column.clip(0, width - 1)] >= 0.5).any(axis=0)
    seen = np.where(hidden, 1, 2) * inside
    return np.column_stack([points, seen]) * inside[:, None]


def _extent(cover: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The box around an object on the canvas, [4], and its pixels."""
    solid = cover >= 0.5
    columns, rows = np.flatnonzero(solid.any(axis=0)), np.flatnonzero(solid.any(axis=1))
    left, top = columns[0], rows[0]
    return np.array([left, top, columns[-1] - left + 1, rows[-1] - top + 1], dtype=np.float64), float(solid.sum())
