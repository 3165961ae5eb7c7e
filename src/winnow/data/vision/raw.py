"""`RawVision`: what every reader returns, the checks that it must pass, and its fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError, canonical_json
from winnow.data.decode import Pixels
from winnow.data.raw import SPLITS, check_labels, check_variety
from winnow.data.vision.bodies import Body
from winnow.data.vision.sets import TASKS, VOID

_LARGEST = 8192  # pixels a side
_WIDEST = 10.0  # a crop of ten boxes' breadth shows no person any more


@dataclass(frozen=True)
class Plan:
    """What is wanted of a data set.

    Args:
        task: one of `TASKS`.
        size: height and width of the images, in pixels.
        margin: how much larger than a person's box its crop is (COCO).
        boxes: a file of detected boxes, to cut the test images by (COCO).
        void: class ids to ignore besides 255, where no one of the set's own files tells (Parquet).
    """

    task: str
    size: tuple[int, int]
    margin: float = 1.25
    boxes: Path | None = None
    void: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Raises WN-C01 on an unknown task, or a size, a margin or an id that is none."""
        if self.task not in TASKS:
            raise WinnowError(
                "WN-C01", f"{self.task!r} is no task", where="task", fix=f"Choose one of {', '.join(TASKS)}."
            )
        sides = self.size if isinstance(self.size, tuple) else ()
        if len(sides) != 2 or not all(isinstance(side, int) and 1 <= side <= _LARGEST for side in sides):
            fix = "Give height and width in pixels, such as 96,128."
            raise WinnowError("WN-C01", f"{self.size} is no image size", where="size", fix=fix)
        if not 0 < self.margin <= _WIDEST:
            raise WinnowError("WN-C01", f"a margin of {self.margin}", where="margin", fix="Give 1 or a little more.")
        if any(not isinstance(number, int) or not 0 <= number <= VOID for number in self.void):
            raise WinnowError("WN-C01", f"{list(self.void)} are no class ids", where="void", fix="Give ids 0 to 255.")


class RawVisionSplit(NamedTuple):
    """Arrays with one row a sample; the first three are those of `VisionSplit`.

    `groups`, int64 [N], are equal for samples that must not be parted (persons of one photograph); None when every
    sample stands alone.
    """

    images: Pixels
    targets: NDArray[Any]
    scales: NDArray[np.float32] | None = None
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class RawVision:
    """A data set at the wanted size, as its files part it: "train", and "validation" and "test" where it has them."""

    splits: dict[str, RawVisionSplit]
    classes: tuple[str, ...]
    body: Body = field(default_factory=lambda: Body(()))


def check(raw: RawVision, task: str, where: object) -> RawVision:
    """The same data, once it is known to be sound.

    Raises:
        WinnowError: WN-D02 when a split is empty, WN-D03 on a label outside the classes or when no joint is labelled,
            WN-D05 on fewer than two classes in train.
    """
    for name, split in raw.splits.items():
        if not len(split.images):
            fix = "Add images, or remove the split."
            raise WinnowError("WN-D02", f"the {name} split holds no image", where=where, fix=fix)
        if task == "classification":
            check_labels(name, split.targets, len(raw.classes), where)
    train = raw.splits["train"].targets
    if task == "keypoints":
        _check_labelled(train, where)
    else:
        check_variety(train[train != VOID] if task == "segmentation" else train, where)
    return raw


def fingerprint(raw: RawVision, task: str) -> str:
    """SHA-256 over task, split names, shapes, pixels, targets, scales and the class count; names take no part."""
    names = [name for name in SPLITS if name in raw.splits]
    shapes = [[name, list(raw.splits[name].images.shape)] for name in names]
    header = {"task": task, "classes": len(raw.classes), "splits": shapes}
    digest = hashlib.sha256(canonical_json(header).encode())
    for name in names:
        for array in raw.splits[name]:
            if array is not None:
                digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _check_labelled(joints: NDArray[np.float32], where: object) -> None:
    if not (joints[..., 2] > 0).any():
        fix = "Choose a set with labelled joints."
        raise WinnowError("WN-D03", "no joint of the train split is labelled", where=where, fix=fix)
