"""COCO's JSON: checked and turned into persons with their boxes and joints."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.vision.joints import FILLED, sound
from winnow.data.vision.pictures import Box


class Person(NamedTuple):
    """One annotated person: left, top, width and height of its box, joints float64 [K, 3], area in pixels."""

    box: Box
    joints: NDArray[np.float64]
    area: float


class Photograph(NamedTuple):
    """An image with its persons."""

    number: int
    name: str
    persons: list[Person]


class Annotations(NamedTuple):
    """What one file holds: the photographs with labelled persons, and the names of the joints."""

    photographs: list[Photograph]
    joints: tuple[str, ...]


def read_annotations(path: Path) -> Annotations:
    """The labelled persons of a keypoint file; crowds, and persons without a labelled joint or a box, are left out.

    Raises:
        WinnowError: WN-D02 when the file is no such JSON, WN-D03 on joints that are not K triples.
    """
    told = _loaded(path)
    try:
        names = {int(image["id"]): str(image["file_name"]) for image in told["images"]}
        joints = tuple(map(str, told["categories"][0]["keypoints"]))
        persons = _persons(told["annotations"], len(joints), path)
        photographs = [Photograph(number, name, persons[number]) for number, name in names.items() if number in persons]
        strange = persons.keys() - names.keys()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}") from error
    if strange:
        raise _broken(path, f"it annotates image {min(strange)}, which it does not list")
    return Annotations(photographs, joints)


def read_detections(path: Path) -> dict[int, NDArray[np.float64]]:
    """Detected boxes by image, float64 [n, 4]: left, top, width, height. Scores and other categories play no part.

    Raises:
        WinnowError: WN-D02 when the file is no list of detections.
    """
    found: dict[int, list[Box]] = {}
    try:
        for detection in _loaded(path):
            if detection.get("category_id", 1) == 1:
                found.setdefault(int(detection["image_id"]), []).append(_box(detection["bbox"]))
        return {number: np.array(boxes, dtype=np.float64).reshape(-1, 4) for number, boxes in found.items()}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}") from error


def _persons(annotations: Iterable[dict[str, Any]], joints: int, path: Path) -> dict[int, list[Person]]:
    """By image."""
    found: dict[int, list[Person]] = {}
    for annotation in annotations:
        if annotation.get("iscrowd") or not annotation.get("keypoints"):
            continue
        flat = np.array(annotation["keypoints"], dtype=np.float64)
        if flat.shape != (3 * joints,) or not sound(flat.reshape(joints, 3)):
            raise WinnowError(
                "WN-D03",
                f"annotation {annotation.get('id')} has {flat.size} numbers, or wrong ones, for {joints} joints",
                where=path,
                fix=f"Keypoints are {joints} times x, y and 0, 1 or 2: {3 * joints} numbers.",
            )
        box = _box(annotation["bbox"])
        if flat[2::3].any() and box[2] > 0 and box[3] > 0:
            area = float(annotation.get("area") or 0)
            area = area if 0 < area < math.inf else FILLED * box[2] * box[3]
            person = Person(box, flat.reshape(joints, 3), area)
            found.setdefault(int(annotation["image_id"]), []).append(person)
    return found


def _box(told: Iterable[Any]) -> Box:
    left, top, width, height = (float(side) for side in told)
    if not math.isfinite(left + top + width + height):
        raise ValueError(f"a box is {[left, top, width, height]}")
    return left, top, width, height


def _loaded(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _broken(path, str(error)) from error


def _broken(path: Path, reason: str) -> WinnowError:
    return WinnowError("WN-D02", f"not a COCO file: {reason}", where=path, fix="Fetch it again.")
