"""ADE20K scene parsing: `images/{training,validation}` with `annotations/`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from winnow.data.decode import Encoded
from winnow.data.vision.masks import IDS, Pair, no_mask
from winnow.data.vision.raw import Plan, RawVision
from winnow.data.vision.readers.paired import class_list, read_paired
from winnow.data.vision.sets import VOID

_SPLITS = {"train": "training", "validation": "validation"}
_ENDINGS = {".jpg", ".jpeg", ".png"}
_CLASSES = 150


class Ade20kReader:
    """150 classes, ids 1 to 150; 0 is ignored. A list `objectInfo*.txt` names the classes, and tells their number."""

    name = "ade20k"
    layout = "images/{training,validation}/*.jpg with annotations/{training,validation}/*.png (ADE20K)"

    def recognises(self, folder: Path) -> bool:
        """Whether there are folders of train images and annotations, or of train images alone."""
        return (_root(folder) / "images" / "training").is_dir()

    def files(self, folder: Path) -> list[Path]:
        """Images, masks and the list of classes."""
        root = _root(folder)
        masks = [path for split in _SPLITS.values() for path in (root / "annotations" / split).glob("*.png")]
        return [path for split in _SPLITS.values() for path in _images(root, split)] + masks + _lists(root)

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the pairs of both splits."""
        root = _root(folder)
        listed = next(iter(_lists(root)), None)
        classes = class_list(listed) if listed else tuple(f"class {number}" for number in range(1, _CLASSES + 1))
        table = np.full(IDS, -1, dtype=np.int64)
        table[1 : len(classes) + 1] = np.arange(len(classes))
        table[0] = VOID
        pairs = {
            ours: [_pair(root, theirs, image) for image in images]
            for ours, theirs in _SPLITS.items()
            if (images := _images(root, theirs))
        }
        return read_paired(pairs, plan.size, table, classes, folder)


def _root(folder: Path) -> Path:
    """The folder, or the one in it that the archive unpacks to."""
    inside = folder / "ADEChallengeData2016"
    return inside if inside.is_dir() else folder


def _images(root: Path, split: str) -> list[Path]:
    place = root / "images" / split
    found = place.iterdir() if place.is_dir() else ()
    return sorted(path for path in found if path.suffix.lower() in _ENDINGS and not path.name.startswith("."))


def _lists(root: Path) -> list[Path]:
    return sorted(root.glob("objectInfo*.txt"))[:1]


def _pair(root: Path, split: str, image: Path) -> Pair:
    mask = root / "annotations" / split / f"{image.stem}.png"
    if not mask.is_file():
        raise no_mask(image, mask.relative_to(root))
    return Pair(Encoded(str(image), image), Encoded(str(mask), mask))
