"""`Norm`: how every batch normalisation of a supernet is made."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Norm:
    """Makes batch normalisations over channels.

    Args:
        eps: is added to the variance.
        momentum: share of the newest batch in the running statistics.
    """

    eps: float = 1e-3
    momentum: float = 0.1

    def __call__(self, channels: int) -> nn.BatchNorm2d:
        """One for that many channels."""
        return nn.BatchNorm2d(channels, eps=self.eps, momentum=self.momentum)
