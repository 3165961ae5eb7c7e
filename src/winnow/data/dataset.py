"""A data set in memory: three splits of scaled images with their labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Args:
        images: float32 [N, C, H, W], scaled.
        labels: int64 [N], an index into the data set's classes.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> Split:
        """The same split on another device."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set, ready to train on.

    Args:
        name: "digits", the folder's name or the Hub id.
        fingerprint: SHA-256 (64 hex digits) of the decoded content; the same pixels and labels in the same order
            give the same fingerprint in every format.
        classes: the class names, by label.
        train: what is left of the train split once the validation images are taken out.
        validation: images held out of training.
        test: images for the final measurement.
        pad_value: float32 [C], what a black pixel becomes after scaling.
    """

    name: str
    fingerprint: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    pad_value: Tensor

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def class_count(self) -> int:
        """The number of classes."""
        return len(self.classes)

    def to(self, device: torch.device | str) -> DataSet:
        """The same data set on another device."""
        return replace(
            self,
            train=self.train.to(device),
            validation=self.validation.to(device),
            test=self.test.to(device),
            pad_value=self.pad_value.to(device),
        )


def describe(data: DataSet) -> dict[str, Any]:
    """Name, fingerprint, images per split, classes and image shape [C, H, W], as plain data."""
    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "images": {"train": len(data.train), "validation": len(data.validation), "test": len(data.test)},
        "classes": list(data.classes),
        "shape": list(data.image_shape),
    }
