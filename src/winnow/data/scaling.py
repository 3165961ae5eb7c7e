"""From bytes to floats: pixels / 255, or zero mean and unit deviation per channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from winnow.core import WinnowError

SCALINGS = ("unit", "standard")
_CHUNK = 1024  # images summed at a time, so that the squares never take more than a few MB


@dataclass(frozen=True)
class Scaling:
    """(pixel - offset) / scale, per channel; both float32 [C], in pixel values 0..255."""

    offset: Tensor
    scale: Tensor

    def apply(self, images: NDArray[np.uint8]) -> Tensor:
        """Scaled float32 images, of the same shape."""
        # The copy leaves a memory-mapped file read-only and gives torch an array it may own.
        pixels = torch.from_numpy(np.array(images)).to(torch.float32)
        return pixels.sub_(self.offset[:, None, None]).div_(self.scale[:, None, None])

    @property
    def black(self) -> Tensor:
        """What pixel 0 becomes: float32 [C]."""
        return (0 - self.offset) / self.scale


def check_scaling(name: str) -> None:
    """Raise WN-C01 when there is no scaling of this name."""
    if name not in SCALINGS:
        raise WinnowError(
            "WN-C01", f"{name!r} is no scaling", where="scaling", fix=f"Choose one of {', '.join(SCALINGS)}."
        )


def fit_scaling(name: str, train: NDArray[np.uint8]) -> Scaling:
    """The scaling `name` for these train images, uint8 [N, C, H, W]."""
    check_scaling(name)
    channels = train.shape[1]
    if name == "unit":
        return Scaling(torch.zeros(channels), torch.full((channels,), 255.0))
    mean, deviation = _moments(train)
    # A channel that never changes has no deviation; it becomes 0 everywhere under any scale.
    deviation[deviation == 0] = 255.0
    return Scaling(torch.from_numpy(mean).float(), torch.from_numpy(deviation).float())


def _moments(images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and (population) deviation per channel; integer sums, so exact in any order."""
    total = np.zeros(images.shape[1], dtype=np.int64)
    squares = np.zeros_like(total)
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK]
        total += chunk.sum(axis=(0, 2, 3), dtype=np.int64)
        squares += np.square(chunk, dtype=np.uint16).sum(axis=(0, 2, 3), dtype=np.int64)
    pixels = images.size // images.shape[1]
    mean = total / pixels
    return mean, np.sqrt(np.maximum(squares / pixels - mean**2, 0))
