"""Cityscapes: `leftImg8bit/{train,val}/<city>/` with the ids of `gtFine/`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.data.decode import Encoded
from winnow.data.vision.masks import IDS, Pair, identity_table, no_mask
from winnow.data.vision.raw import Plan, RawVision
from winnow.data.vision.readers.paired import class_list, read_paired
from winnow.data.vision.sets import VOID

# The test split is left out: its published masks are blank.
_SPLITS = {"train": "train", "validation": "val"}
_IMAGE = "_leftImg8bit.png"
_TRAIN_IDS, _IDS = "_gtFine_labelTrainIds.png", "_gtFine_labelIds.png"
_LIST = "classes.txt"
# The benchmark's 19 classes with the id of each among the 34 that the annotators used.
_CLASSES = {
    "road": 7,
    "sidewalk": 8,
    "building": 11,
    "wall": 12,
    "fence": 13,
    "pole": 17,
    "traffic light": 19,
    "traffic sign": 20,
    "vegetation": 21,
    "terrain": 22,
    "sky": 23,
    "person": 24,
    "rider": 25,
    "car": 26,
    "truck": 27,
    "bus": 28,
    "train": 31,
    "motorcycle": 32,
    "bicycle": 33,
}
_ANNOTATED = 34


class CityscapesReader:
    """19 classes; 255, and ids outside of the 19, are ignored. A `classes.txt` in the folder names other classes.

    The masks are those of `labelTrainIds`; a set that has none is read by its `labelIds`.
    """

    name = "cityscapes"
    layout = "leftImg8bit/{train,val}/<city>/*_leftImg8bit.png with gtFine/**/*_gtFine_labelTrainIds.png (Cityscapes)"

    def recognises(self, folder: Path) -> bool:
        """Whether there is a folder of train images."""
        return (folder / "leftImg8bit" / "train").is_dir()

    def files(self, folder: Path) -> list[Path]:
        """Images, masks and the list of classes."""
        masks = [path for end in (_TRAIN_IDS, _IDS) for path in (folder / "gtFine").glob(f"*/*/*{end}")]
        listed = [path for path in [folder / _LIST] if path.is_file()]
        return [path for split in _SPLITS.values() for path in _images(folder, split)] + masks + listed

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the pairs of both splits."""
        trained = next((folder / "gtFine" / "train").glob(f"*/*{_TRAIN_IDS}"), None) is not None
        classes = class_list(folder / _LIST) or tuple(_CLASSES)
        table = identity_table(len(classes)) if trained else _from_annotated()
        end = _TRAIN_IDS if trained else _IDS
        pairs = {
            ours: [_pair(folder, theirs, image, end) for image in images]
            for ours, theirs in _SPLITS.items()
            if (images := _images(folder, theirs))
        }
        return read_paired(pairs, plan.size, table, classes, folder)


def _images(folder: Path, split: str) -> list[Path]:
    return sorted((folder / "leftImg8bit" / split).glob(f"*/*{_IMAGE}"))


def _pair(folder: Path, split: str, image: Path, end: str) -> Pair:
    mask = folder / "gtFine" / split / image.parent.name / (image.name.removesuffix(_IMAGE) + end)
    if not mask.is_file():
        raise no_mask(image, mask.relative_to(folder))
    return Pair(Encoded(str(image), image), Encoded(str(mask), mask))


def _from_annotated() -> NDArray[np.int64]:
    """The class of each of the annotators' ids; 255 is how id -1, a number plate, is stored in eight bits."""
    table = np.full(IDS, -1, dtype=np.int64)
    table[[*range(_ANNOTATED), VOID]] = VOID
    table[list(_CLASSES.values())] = np.arange(len(_CLASSES))
    return table
