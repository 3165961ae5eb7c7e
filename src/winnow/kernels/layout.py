"""How activations lie in memory: images innermost, in blocks, with a border of zeros around every plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# Floats of one strip of the kernels, and so the images of a whole block.
STRIP = 64
_BLOCKS = (64, 32, 16, 8)
# A batch may be filled up with empty images by this much for the sake of longer strips.
_WASTE = 1.15


@dataclass(frozen=True)
class Batch:
    """A batch cut into blocks of equal size; the last one is filled up with empty images.

    Args:
        images: how many there are.
        block: images of a block: 8, 16, 32 or 64.
    """

    images: int
    block: int

    @property
    def blocks(self) -> int:
        """How many blocks."""
        return -(-self.images // self.block)


def batch_of(images: int, smallest: int = 8) -> Batch:
    """The longest blocks that waste little; none shorter than `smallest`."""
    choices = [Batch(images, block) for block in _BLOCKS if block >= smallest]
    least = min(b.blocks * b.block for b in choices)
    return next(b for b in choices if b.blocks * b.block <= max(least, _WASTE * images))


@dataclass(frozen=True)
class Layout:
    """A tensor [blocks][channels][height + 2 halo][width + 2 halo][block]; all steps are in floats.

    Args:
        channels: or features, with height and width 1.
        height: of a plane.
        width: of a plane.
        batch: the images.
        halo: zeros on every side of a plane, so that a convolution reads its padding without asking.
    """

    channels: int
    height: int
    width: int
    batch: Batch
    halo: int = 0

    @property
    def pixel(self) -> int:
        """From one pixel to the next."""
        return self.batch.block

    @property
    def line(self) -> int:
        """From one line to the next."""
        return (self.width + 2 * self.halo) * self.pixel

    @property
    def plane(self) -> int:
        """From one channel to the next."""
        return (self.height + 2 * self.halo) * self.line

    @property
    def strip(self) -> int:
        """From one block of images to the next."""
        return self.channels * self.plane

    @property
    def origin(self) -> int:
        """From the start to the first pixel."""
        return self.halo * (self.line + self.pixel)

    @property
    def features(self) -> int:
        """Numbers of one image."""
        return self.channels * self.height * self.width

    def zeros(self) -> Tensor:
        """Memory for it, flat. Kernels write inside only, so the border stays 0."""
        return torch.zeros(self.batch.blocks * self.strip)


@dataclass(frozen=True)
class Buffer:
    """Activations or their gradients: memory with its layout."""

    flat: Tensor
    layout: Layout

    @property
    def channel_places(self) -> np.ndarray:
        """int32 [channels]: where each channel begins."""
        return np.arange(self.layout.channels, dtype=np.int32) * np.int32(self.layout.plane)

    @property
    def feature_places(self) -> np.ndarray:
        """int32 [channels * height * width]: where each feature begins, in the order of a flattened tensor."""
        n = self.layout
        lines = np.arange(n.height)[:, None] * n.line + np.arange(n.width) * n.pixel
        return (self.channel_places[:, None, None] + lines).ravel().astype(np.int32)

    @property
    def address(self) -> int:
        """Where the first pixel lies."""
        return self.flat.data_ptr() + 4 * self.layout.origin

    def images(self) -> Tensor:
        """A copy as [images, channels, height, width]."""
        n = self.layout
        whole = self.flat.view(n.batch.blocks, n.channels, n.height + 2 * n.halo, n.width + 2 * n.halo, n.batch.block)
        inner = whole[:, :, n.halo : n.halo + n.height, n.halo : n.halo + n.width]
        return inner.permute(0, 4, 1, 2, 3).reshape(-1, n.channels, n.height, n.width)[: n.batch.images].clone()


def buffer(layout: Layout) -> Buffer:
    """Fresh memory of zeros."""
    return Buffer(layout.zeros(), layout)
