"""A vision data set in memory: images of one size, and what is to be told of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

TASKS = ("classification", "segmentation", "keypoints")
VOID = 255  # the class id of pixels that neither train nor count


@dataclass(frozen=True, eq=False)
class VisionSplit:
    """Images with their targets, row by row.

    Args:
        images: uint8 [N, 3, H, W].
        targets: labels, int64 [N]; or class ids, uint8 [N, H, W], 255 = ignored; or joints, float32 [N, K, 3]: x and y
            in pixels of the image (the centre of the first pixel is 0, 0; a joint may lie outside), and 0 = not
            labelled, 1 = labelled but hidden, 2 = visible.
        scales: float32 [N], the square root of the object's area in pixels of the image; None where there are no
            joints.
    """

    images: Tensor
    targets: Tensor
    scales: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: Tensor | slice) -> VisionSplit:
        """These rows: int64 indices [M], a mask [N] or a slice."""
        scales = None if self.scales is None else self.scales[indices]
        return VisionSplit(self.images[indices], self.targets[indices], scales)

    def to(self, device: torch.device | str) -> VisionSplit:
        """The same split on another device."""
        scales = None if self.scales is None else self.scales.to(device)
        return VisionSplit(self.images.to(device), self.targets.to(device), scales)


@dataclass(frozen=True, eq=False)
class VisionSet:
    """A vision data set, ready to train on.

    Args:
        name: "digits", the folder's name or the Hub id.
        task: "classification", "segmentation" or "keypoints".
        fingerprint: SHA-256 (64 hex digits) of the decoded content at this size, before a validation split is carved.
        classes: the class names by id, or the names of the joints.
        train: what is left of the train split once the validation examples are taken out.
        validation: examples held out of training.
        test: examples for the final measurement.
        mean: float32 [3], of the train pixels, in 0..1.
        deviation: float32 [3], of the train pixels, in 0..1.
        flip_pairs: joints that swap when the image is mirrored.
        sigmas: by joint, how far annotators differ, as a share of the object's scale (COCO's `sigmas`).
        torso: the two joints whose distance PCK measures by (left shoulder, right hip); None where there are none.
        head: the two ends of the head segment, which PCKh measures by (neck, head top); None where there are none.
    """

    name: str
    task: str
    fingerprint: str
    classes: tuple[str, ...]
    train: VisionSplit
    validation: VisionSplit
    test: VisionSplit
    mean: Tensor
    deviation: Tensor
    flip_pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()
    torso: tuple[int, int] | None = None
    head: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        height, width = self.train.images.shape[2:]
        return height, width

    def to(self, device: torch.device | str) -> VisionSet:
        """The same data set on another device."""
        return replace(
            self,
            train=self.train.to(device),
            validation=self.validation.to(device),
            test=self.test.to(device),
            mean=self.mean.to(device),
            deviation=self.deviation.to(device),
        )


def describe_vision(data: VisionSet) -> dict[str, Any]:
    """Name, task, fingerprint, images per split, classes or joints, and image size, as plain data."""
    return {
        "name": data.name,
        "task": data.task,
        "fingerprint": data.fingerprint,
        "images": {"train": len(data.train), "validation": len(data.validation), "test": len(data.test)},
        "joints" if data.task == "keypoints" else "classes": list(data.classes),
        "size": list(data.size),
    }
