"""Grokfast: amplify what changes slowly in the gradients (Lee et al. 2024, arXiv 2405.20233)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.grokking.stacks.space import Space


@dataclass(frozen=True)
class MovingAverage:
    """Grokfast-MA: g + amplification x the mean of the last `window` gradients, once there are so many.

    Attributes:
        window: gradients in the mean; each is held, so a run needs window + 2 times its weights.
        amplification: lambda.
    """

    window: int = 100
    amplification: float = 5.0

    def __call__(self, space: Space) -> MovingAverageHook:
        """The hook of a space."""
        return MovingAverageHook(space, self)


class MovingAverageHook:
    """The last gradients in a ring, and their sum in float64, in which no rounding adds up over a run."""

    def __init__(self, space: Space, settings: MovingAverage) -> None:
        self._space, self._settings = space, settings
        self._ring = torch.zeros(settings.window, len(space.flat), device=space.device)
        self._sum = torch.zeros(len(space.flat), dtype=torch.float64, device=space.device)
        self._count = torch.zeros(1, dtype=torch.int64, device=space.device)

    @torch.no_grad()
    def change(self, space: Space) -> None:
        """See `GradientHook.change`."""
        gradients = space.flat_gradients
        place = self._count % self._settings.window
        self._sum.add_(gradients).sub_(self._ring.index_select(0, place).squeeze(0))
        self._ring.index_copy_(0, place, gradients.unsqueeze(0))
        self._count += 1
        is_full = self._count >= self._settings.window
        gradients.add_((self._sum * (is_full * (self._settings.amplification / self._settings.window))).float())

    def state(self) -> dict[str, Tensor]:
        """See `GradientHook.state`."""
        return {"ring": self._ring, "sum": self._sum, "count": self._count}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `GradientHook.load_state`."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def keep(self, rows: Tensor) -> None:
        """See `GradientHook.keep`."""
        self._ring = torch.stack([self._space.kept(gradients, rows) for gradients in self._ring])
        self._sum = self._space.kept(self._sum, rows)


@dataclass(frozen=True)
class ExponentialAverage:
    """Grokfast-EMA: h <- momentum h + (1 - momentum) g, then g + amplification h.

    Attributes:
        momentum: alpha.
        amplification: lambda.
    """

    momentum: float = 0.98
    amplification: float = 2.0

    def __call__(self, space: Space) -> ExponentialAverageHook:
        """The hook of a space."""
        return ExponentialAverageHook(space, self)


class ExponentialAverageHook:
    """The slow part of the gradients, begun with the first one as in the authors' code."""

    def __init__(self, space: Space, settings: ExponentialAverage) -> None:
        self._space, self._settings = space, settings
        self._slow = space.like()
        # The share of a new gradient: the first counts whole.
        self._share = torch.ones((), device=space.device)

    @torch.no_grad()
    def change(self, space: Space) -> None:
        """See `GradientHook.change`."""
        self._slow.lerp_(space.flat_gradients, self._share)
        self._share.fill_(1 - self._settings.momentum)
        space.flat_gradients.add_(self._slow, alpha=self._settings.amplification)

    def state(self) -> dict[str, Tensor]:
        """See `GradientHook.state`."""
        return {"slow": self._slow, "share": self._share}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `GradientHook.load_state`."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def keep(self, rows: Tensor) -> None:
        """See `GradientHook.keep`."""
        self._slow = self._space.kept(self._slow, rows)
