"""From bytes to what a network takes, and back from any array to a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pixels:
    """(pixel / 255 - mean) / deviation, per channel.

    Args:
        mean: of each channel, in 0..1.
        deviation: of each channel, in 0..1. A channel that never changes has none, and is only shifted.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def apply(self, images: Tensor) -> Tensor:
        """Scaled float32 images of uint8 ones [B, C, H, W], on their device."""
        mean = torch.tensor(self.mean, device=images.device)[:, None, None]
        deviation = torch.tensor(self.deviation, device=images.device)[:, None, None]
        return images.float().div_(255).sub_(mean).div_(deviation)


def pixels_of(mean: Sequence[float] | Tensor, deviation: Sequence[float] | Tensor) -> Pixels:
    """The scaling for a data set's `mean` and `deviation`, each of one number a channel."""
    spread = tuple(float(value) or 1.0 for value in deviation)
    return Pixels(tuple(float(value) for value in mean), spread)
