"""Segmentation: one class a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from winnow.data.vision import VOID, VisionSplit
from winnow.supernet.space.spaces import SEGMENTATION
from winnow.supernet.tasks.affine import moves_of, warp, warp_ids
from winnow.supernet.tasks.chance import Chance
from winnow.supernet.tasks.confusion import confusion_of, iou_measures
from winnow.supernet.tasks.pixels import Pixels
from winnow.supernet.tasks.running import answers, batches_of, device_of, evaluating


@dataclass(frozen=True)
class Segmentation:
    """Cross-entropy of every labelled pixel, judged by the mean intersection over union of the classes.

    Images are judged at the size that they were resized to, not at their files' size.

    Args:
        classes: their names.
        pixels: how bytes are scaled.
        smoothing: label smoothing.
        scales: between which the size of training images is drawn.
        flip: whether half of the training images are mirrored.
        augment: whether training images are scaled, cropped and mirrored at all.
    """

    classes: tuple[str, ...]
    pixels: Pixels
    smoothing: float = 0.0
    scales: tuple[float, float] = (0.75, 1.5)
    flip: bool = True
    augment: bool = True

    @property
    def name(self) -> str:
        """The task's name in a space."""
        return SEGMENTATION

    @property
    def metric(self) -> str:
        """Which measure decides."""
        return "miou"

    @property
    def outputs(self) -> int:
        """Classes."""
        return len(self.classes)

    def prepared(self, images: Tensor, targets: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """See `Task.prepared`. With a generator: mirrored, scaled, and cropped at random back to the same size.

        What lies outside of a shrunken image has the mean colour, and no label.
        """
        scaled = self.pixels.apply(images)
        if generator is None or not self.augment:
            return scaled, targets
        moves = self._moves(Chance(generator, len(images), images.device), (images.shape[2], images.shape[3]))
        return warp(scaled, moves), warp_ids(targets, moves, VOID)

    def _moves(self, chance: Chance, size: tuple[int, int]) -> Tensor:
        """A crop reaches to the edges of an enlarged image; a shrunken image stays whole."""
        scale = chance.between(*self.scales)
        room = (scale - 1).abs() / 2
        right, down = chance.between(-room, room) * size[1], chance.between(-room, room) * size[0]
        flipped = chance.coin(self.flip)
        shift = torch.stack([right, down], 1)
        return moves_of(size, scale=scale, angle=torch.zeros_like(scale), shift=shift, flipped=flipped)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats over the labelled pixels.

        Args:
            outputs: [B, classes, h, w]; enlarged to the labels' size between pixels (bilinear).
            targets: class ids [B, H, W]; 255 does not count.
        """
        total, count = self._summed(outputs, targets)
        return total / count.clamp(min=1)

    def _summed(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The sum over labelled pixels, and their number; both stay on their device."""
        wide, labels = _enlarged(outputs, (targets.shape[1], targets.shape[2])), targets.long()
        total = F.cross_entropy(wide, labels, ignore_index=VOID, label_smoothing=self.smoothing, reduction="sum")
        return total, (labels != VOID).sum()

    def measure(self, network: nn.Module, split: VisionSplit, *, batch: int, flip: bool = False) -> dict[str, float]:
        """See `Task.measure`: "miou", "pixel_accuracy", "loss", "iou/<class>"."""
        confusion = torch.zeros(self.outputs, self.outputs, dtype=torch.int64)
        losses, counted = 0.0, 0
        with evaluating(network):
            for images, truth in batches_of(split, batch, device_of(network)):
                outputs = answers(network, self.pixels.apply(images), flip=flip, unflip=_mirrored)
                total, count = self._summed(outputs, truth)
                losses, counted = losses + float(total), counted + int(count)
                confusion += confusion_of(_ids(outputs, images), truth, self.outputs).cpu()
        return {**iou_measures(confusion, self.classes), "loss": losses / max(counted, 1)}

    def predict(self, network: nn.Module, images: Tensor) -> Tensor:
        """Class ids uint8 [B, H, W] of uint8 images [B, 3, H, W]."""
        with evaluating(network):
            return _ids(network(self.pixels.apply(images.to(device_of(network)))), images).cpu()


def _enlarged(outputs: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(outputs, size=size, mode="bilinear", align_corners=False)


def _mirrored(outputs: Tensor) -> Tensor:
    return outputs.flip(3)


def _ids(outputs: Tensor, images: Tensor) -> Tensor:
    """The likeliest class of each pixel of the images; uint8, since 255 is no class."""
    return _enlarged(outputs, (images.shape[2], images.shape[3])).argmax(1).to(torch.uint8)
