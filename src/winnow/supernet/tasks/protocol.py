"""`Task`: what the training of a supernet asks of classification, segmentation and keypoints alike."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from winnow.data.vision import VisionSplit


class Task(Protocol):
    """How images become batches, outputs become a loss, and a network is judged."""

    @property
    def name(self) -> str:
        """One of `winnow.supernet.space.TASKS`."""
        ...

    @property
    def outputs(self) -> int:
        """Classes, or joints: the channels that a network returns."""
        ...

    @property
    def metric(self) -> str:
        """Which of the measures decides: "accuracy", "miou" or "pck". Higher is better."""
        ...

    def prepared(self, images: Tensor, targets: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """A batch as the network takes it.

        Args:
            images: uint8 [B, 3, H, W].
            targets: int64 [B] | uint8 [B, H, W] | float32 [B, K, 3], as `VisionSplit` holds them.
            generator: the source of the random flips, shifts and scales; None for evaluation, which only scales.

        Returns:
            float32 [B, 3, H, W] of about mean 0 and deviation 1, and targets of the given shape that moved along.
        """
        ...

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean loss, a scalar; 0 where nothing in the batch is labelled."""
        ...

    def measure(self, network: nn.Module, split: VisionSplit, *, batch: int, flip: bool = False) -> dict[str, float]:
        """Everything that is measured on a split; it does not depend on `batch`.

        Args:
            network: it is put into eval mode, and back into the modes that it was in.
            split: at least one image of it must be labelled.
            batch: images at a time.
            flip: whether to average the outputs for each image and its mirror image.

        Returns:
            `metric` and its companions, "loss" among them; by class or joint as "accuracy/cat", "iou/road", "pck/knee".

        Raises:
            WinnowError: WN-D02 when nothing is labelled.
        """
        ...

    def predict(self, network: nn.Module, images: Tensor) -> Tensor:
        """What the network sees in uint8 images [B, 3, H, W].

        Returns:
            On the CPU: labels int64 [B] | class ids uint8 [B, H, W] | joints float32 [B, K, 3] as x, y, score.
        """
        ...
