"""COCO keypoints: one crop per annotated person, as the published pose networks are trained and measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.decode import Encoded
from winnow.data.vision.bodies import body_of
from winnow.data.vision.joints import placed
from winnow.data.vision.pictures import Box, Size, resized, stored_size
from winnow.data.vision.raw import Plan, RawVision, RawVisionSplit
from winnow.data.vision.readers.coco_file import Photograph, read_annotations, read_detections

_SPLITS = {"train": "train", "validation": "val"}
_OVERLAP = 0.5  # intersection over union from which a detection counts as that of a person


class CocoReader:
    """`annotations/person_keypoints_{train,val}2017.json` with the images in `train2017/` and `val2017/`.

    A crop is the annotated box, widened to the wanted aspect and by the margin. With a file of detected boxes, the
    crops of val are those of the detections: of each person the box that overlaps it most; a person that none
    overlaps by half was not found, and its crop is the whole image. False alarms are not counted.
    """

    name = "coco"
    layout = "annotations/person_keypoints_{train,val}2017.json with {train,val}2017/*.jpg (COCO keypoints)"

    def recognises(self, folder: Path) -> bool:
        """Whether there are annotations of train."""
        return _file(folder, "train") is not None

    def files(self, folder: Path) -> list[Path]:
        """The annotations, and the images that are there."""
        told = [path for split in _SPLITS.values() if (path := _file(folder, split))]
        return told + [path for file in told for path in sorted(_images(folder, file).glob("*")) if path.is_file()]

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Cut out every person of both splits."""
        found = {ours: file for ours, theirs in _SPLITS.items() if (file := _file(folder, theirs))}
        told = {name: read_annotations(file) for name, file in found.items()}
        detected = read_detections(plan.boxes) if plan.boxes else None
        splits = {
            name: _split(told[name].photographs, _images(folder, file), plan, detected if name != "train" else None)
            for name, file in found.items()
        }
        body = body_of(len(told["train"].joints), told["train"].joints)
        return RawVision(splits, body.names, body)


def crop_box(box: Box, stored: Size, size: Size, margin: float) -> Box:
    """The region to cut: the box, inside of the image, about its middle widened to the aspect of size and the margin.

    Args:
        box: left, top, width, height.
        stored: height and width of the image.
        size: height and width of the crop, in pixels.
        margin: how much larger than the box the region is.

    Returns:
        left, top, right, bottom.
    """
    left, top = min(max(box[0], 0.0), stored[1] - 1.0), min(max(box[1], 0.0), stored[0] - 1.0)
    # A box that lies outside of its image keeps a pixel's breadth, so that there is something to cut.
    width = max(min(box[0] + box[2], stored[1]) - left, 1.0)
    height = max(min(box[1] + box[3], stored[0]) - top, 1.0)
    middle = (left + width / 2, top + height / 2)
    aspect = size[1] / size[0]
    width, height = margin * max(width, height * aspect), margin * max(height, width / aspect)
    return middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2


def _file(folder: Path, split: str) -> Path | None:
    return next(iter(sorted((folder / "annotations").glob(f"person_keypoints_{split}*.json"))), None)


def _images(folder: Path, file: Path) -> Path:
    """`train2017` of `person_keypoints_train2017.json`, in the folder or in its `images/`."""
    name = file.stem.removeprefix("person_keypoints_")
    return folder / name if (folder / name).is_dir() else folder / "images" / name


def _item(place: Path, photograph: Photograph) -> Encoded:
    path = place / photograph.name
    if not path.is_file():
        raise WinnowError("WN-D02", "an annotated image is missing", where=path, fix="Unpack the images, too.")
    return Encoded(str(path), path)


def _detection(box: Box, found: NDArray[np.float64] | None, stored: Size) -> Box:
    """The detected box that overlaps this one most, or that of the whole image."""
    if found is not None and len(found):
        overlaps = _overlaps(box, found)
        if overlaps.max() >= _OVERLAP:
            left, top, width, height = found[overlaps.argmax()].tolist()
            return left, top, width, height
    return 0.0, 0.0, float(stored[1]), float(stored[0])


def _overlaps(box: Box, others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of a box with n others."""
    ends, other_ends = np.add(box[:2], box[2:]), others[:, :2] + others[:, 2:]
    shared = np.clip(np.minimum(ends, other_ends) - np.maximum(box[:2], others[:, :2]), 0, None).prod(axis=1)
    return shared / (box[2] * box[3] + others[:, 2:].prod(axis=1) - shared)


def _split(
    photographs: list[Photograph], place: Path, plan: Plan, detected: dict[int, NDArray[np.float64]] | None
) -> RawVisionSplit:
    items = [_item(place, photograph) for photograph in photographs]
    boxes: list[list[Box]] = []
    for photograph, item in zip(photographs, items, strict=True):
        stored = stored_size(item)
        cuts = [person.box for person in photograph.persons]
        if detected is not None:
            cuts = [_detection(box, detected.get(photograph.number), stored) for box in cuts]
        boxes.append([crop_box(box, stored, plan.size, plan.margin) for box in cuts])
    images, _ = resized(items, plan.size, boxes)
    regions = np.array([box for cuts in boxes for box in cuts]).reshape(-1, 4)
    persons = [person for photograph in photographs for person in photograph.persons]
    scale = plan.size[1] / (regions[:, 2] - regions[:, 0])
    joints = np.stack([person.joints for person in persons]) if persons else np.empty((0, 1, 3))
    areas = np.array([person.area for person in persons])
    return RawVisionSplit(
        images,
        placed(joints, regions[:, :2], np.stack([scale, scale], axis=1)),
        (np.sqrt(areas) * scale).astype(np.float32),
        np.repeat(np.arange(len(items)), np.array([len(cuts) for cuts in boxes], dtype=np.int64)),
    )
