"""Random numbers for a whole batch from one generator."""

from __future__ import annotations

import torch
from torch import Tensor


class Chance:
    """Draws from a generator, one number an image, and hands them over to the batch's device.

    The draws are made where the generator is, so one seed gives the same batch on every device.

    Args:
        generator: of any device.
        count: images in the batch.
        device: where the batch is.
    """

    def __init__(self, generator: torch.Generator, count: int, device: torch.device) -> None:
        self._generator = generator
        self._count = count
        self._device = device

    def between(self, low: float | Tensor, high: float | Tensor) -> Tensor:
        """float32 [count], uniform between two numbers, or between two [count] of them."""
        drawn = torch.rand(self._count, generator=self._generator, device=self._generator.device).to(self._device)
        return low + (high - low) * drawn

    def coin(self, allowed: bool) -> Tensor:
        """bool [count], true with probability 1/2; never where it is not allowed, though it is drawn all the same."""
        return (self.between(0.0, 1.0) < 0.5) & allowed

    def whole(self, largest: int) -> Tensor:
        """int64 [count], uniform in -largest..largest."""
        drawn = torch.randint(
            -largest, largest + 1, (self._count,), generator=self._generator, device=self._generator.device
        )
        return drawn.to(self._device)
