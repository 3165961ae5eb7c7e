"""The objects of a scene: scikit-learn's digits, with landmarks in their own frame."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.data.digits import read_digits

LANDMARKS = ("top", "bottom", "left", "right", "centre")
DIGIT = 8  # pixels a side
_INK = 0.4  # from which share of the darkest a pixel belongs to the digit


class Objects(NamedTuple):
    """Digits of one split: ink float64 [n, 8, 8] in 0..1, labels int64 [n], landmarks float64 [n, 5, 2] as x, y."""

    ink: NDArray[np.float64]
    labels: NDArray[np.int64]
    landmarks: NDArray[np.float64]


@cache
def objects(split: str) -> Objects:
    """The 1,437 digits of "train", or the 360 others of "test"."""
    images, labels = read_digits().splits[split]
    ink = images[:, 0] / 255.0
    return Objects(ink, labels, np.stack([landmarks(digit) for digit in ink]))


def landmarks(ink: NDArray[np.float64]) -> NDArray[np.float64]:
    """The extremes of a digit and its centre of mass, [5, 2] as x, y in pixels, the centre of the first being 0, 0.

    Where a run of pixels is the topmost, its mean counts, weighted by the ink; of several runs, that with the darkest
    pixel; and so on every side. The extremes are those of the digit upright: a rotation moves them, and does not
    choose others.
    """
    part = np.where(ink >= _INK * ink.max(), ink, 0)
    columns, rows = np.flatnonzero(part.any(axis=0)), np.flatnonzero(part.any(axis=1))
    return np.array(
        [
            *((_middle(part[row]), row) for row in (rows[0], rows[-1])),
            *((column, _middle(part[:, column])) for column in (columns[0], columns[-1])),
            (_mean(part.sum(axis=0)), _mean(part.sum(axis=1))),
        ]
    )


def _middle(line: NDArray[np.float64]) -> float:
    """The middle of the run of ink with the darkest pixel: a mean over several runs would lie between strokes."""
    darkest = int(line.argmax())
    gaps = np.flatnonzero(line == 0)
    first = gaps[gaps < darkest].max(initial=-1) + 1
    last = gaps[gaps > darkest].min(initial=len(line))
    return first + _mean(line[first:last])


def _mean(line: NDArray[np.float64]) -> float:
    return float(np.average(np.arange(len(line)), weights=line))
