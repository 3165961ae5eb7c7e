"""A data set in memory: three splits of scaled images, or of texts as token ids, with their labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Split:
    """What a network reads, with the labels.

    Args:
        inputs: images, float32 [N, C, H, W], scaled; or texts, int64 token ids [N, T].
        labels: int64 [N], an index into the data set's classes.
    """

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> Split:
        """The same split on another device."""
        return Split(self.inputs.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set, ready to train on.

    Args:
        name: "digits", the folder's name or the Hub id.
        fingerprint: SHA-256 (64 hex digits) of the decoded content; the same pixels and labels in the same order
            give the same fingerprint in every format. For texts, of texts, labels and the tokenizer.
        classes: the class names, by label.
        train: what is left of the train split once the validation examples are taken out.
        validation: examples held out of training.
        test: examples for the final measurement.
        pad_value: float32 [C], what a black pixel becomes after scaling; empty for texts.
    """

    name: str
    fingerprint: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    pad_value: Tensor

    @property
    def is_text(self) -> bool:
        """Whether the inputs are token ids."""
        return not self.train.inputs.is_floating_point()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input: (C, H, W) of an image, (T,) of a text."""
        return tuple(self.train.inputs.shape[1:])

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width; of images only."""
        channels, height, width = self.input_shape
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
    """Name, fingerprint, images (or texts) per split, classes and input shape, as plain data."""
    counts = {"train": len(data.train), "validation": len(data.validation), "test": len(data.test)}
    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "texts" if data.is_text else "images": counts,
        "classes": list(data.classes),
        "shape": list(data.input_shape),
    }
