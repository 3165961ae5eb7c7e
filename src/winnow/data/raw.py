"""`RawData`: what every reader returns, the checks that it must pass, and its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError, canonical_json

SPLITS = ("train", "validation", "test")


class RawSplit(NamedTuple):
    """Decoded images, uint8 [N, C, H, W], and their labels, int64 [N]."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class RawData:
    """A data set as its files hold it.

    Args:
        splits: "train", and "validation" and "test" where the source has them.
        classes: the class names, by label.
    """

    splits: dict[str, RawSplit]
    classes: tuple[str, ...]


def numbered_classes(labels: list[NDArray[np.int64]]) -> tuple[str, ...]:
    """Names for labels that came without any: "0" up to the largest label of any split."""
    largest = max((int(part.max()) for part in labels if len(part)), default=-1)
    return tuple(map(str, range(largest + 1)))


def check(raw: RawData, where: object) -> RawData:
    """The same data, once it is known to be sound.

    Raises:
        WinnowError: WN-D02 when a split is empty or counts differ, WN-D03 on a label outside the classes,
            WN-D04 when splits differ in image size, WN-D05 on fewer than two classes in train.
    """
    for name, split in raw.splits.items():
        _check_counts(name, split, where)
        check_labels(name, split.labels, len(raw.classes), where)
    _check_sizes(raw, where)
    check_variety(raw.splits["train"].labels, where)
    return raw


def fingerprint(raw: RawData) -> str:
    """SHA-256 over split names, shapes, pixels, labels and the class count; class names take no part."""
    return content_fingerprint(raw.splits, len(raw.classes))


def content_fingerprint(splits: Mapping[str, tuple[NDArray[Any], NDArray[np.int64]]], classes: int) -> str:
    """SHA-256 over split names, shapes, inputs (pixels or token ids), labels and the class count."""
    names = [name for name in SPLITS if name in splits]
    header = {"classes": classes, "splits": [[name, list(splits[name][0].shape)] for name in names]}
    digest = hashlib.sha256(canonical_json(header).encode())
    for name in names:
        inputs, labels = splits[name]
        digest.update(np.ascontiguousarray(inputs).data)
        digest.update(np.ascontiguousarray(labels, dtype="<i8").data)
    return digest.hexdigest()


def _check_counts(name: str, split: RawSplit, where: object) -> None:
    images, labels = len(split.images), len(split.labels)
    if images != labels:
        raise WinnowError(
            "WN-D02",
            f"the {name} split has {images} images and {labels} labels",
            where=where,
            fix="Images and labels must belong to the same split; fetch both files again.",
        )
    if not images:
        raise WinnowError(
            "WN-D02", f"the {name} split holds no image", where=where, fix="Add images, or remove the split."
        )


def check_labels(name: str, labels: NDArray[np.int64], class_count: int, where: object) -> None:
    """WN-D03 on a label outside the classes."""
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= class_count:
        wrong = low if low < 0 else high
        raise WinnowError(
            "WN-D03",
            f"the {name} split holds label {wrong}; labels go from 0 to {class_count - 1}",
            where=where,
            fix="A label of -1 usually means that the split is unlabelled: choose a labelled one.",
        )


def check_variety(train: NDArray[np.int64], where: object) -> None:
    """WN-D05 when all train labels are the same."""
    if len(np.unique(train)) < 2:
        raise WinnowError(
            "WN-D05",
            "every train example has the same label",
            where=where,
            fix="Give a data set with at least two classes.",
        )


def _check_sizes(raw: RawData, where: object) -> None:
    shapes = {name: split.images.shape[1:] for name, split in raw.splits.items()}
    if len(set(shapes.values())) > 1 or 0 in shapes["train"]:
        found = ", ".join(f"{name} {c}x{h}x{w}" for name, (c, h, w) in shapes.items())
        raise WinnowError(
            "WN-D04",
            f"images must have one size in every split, channels x height x width: {found}",
            where=where,
            fix="Resize the images to one size.",
        )
