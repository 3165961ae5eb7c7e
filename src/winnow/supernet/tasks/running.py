"""Running a network over a split without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.data.vision import VisionSplit


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Eval mode and no gradients inside; afterwards every module is in the mode that it was in."""
    modes = [(part, part.training) for part in network.modules()]
    try:
        network.eval()
        with torch.no_grad():
            yield
    finally:
        for part, training in modes:
            part.training = training


def device_of(network: nn.Module) -> torch.device:
    """Where its parameters are; the CPU when it has none."""
    return next((tensor.device for tensor in network.parameters()), torch.device("cpu"))


def batches_of(split: VisionSplit, batch: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and targets in order, `batch` at a time, on the device.

    Raises:
        WinnowError: WN-D02 when the split is empty.
    """
    if not len(split):
        raise WinnowError("WN-D02", "there is no image to measure on")
    for start in range(0, len(split), batch):
        images, targets = split.images[start : start + batch], split.targets[start : start + batch]
        yield images.to(device), targets.to(device)


def answers(
    network: nn.Module, images: Tensor, *, flip: bool = False, unflip: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """A network's outputs for prepared images, or their mean with those for the mirror images.

    Args:
        network: in eval mode.
        images: [B, 3, H, W].
        flip: whether to average.
        unflip: turns the outputs for mirror images back; None where a mirror does not move them.
    """
    outputs = network(images)
    if not flip:
        return outputs
    mirrored = network(images.flip(3))
    return (outputs + (mirrored if unflip is None else unflip(mirrored))) / 2
