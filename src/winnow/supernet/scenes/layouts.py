"""Scenes as files, in the layouts of the published sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from winnow.supernet.scenes.composing import Scenes
from winnow.supernet.scenes.objects import LANDMARKS

CLASSES = ("ground", *(f"digit {number}" for number in range(10)))
# Drawn as a cross through the middle.
_SKELETON = [[1, 5], [2, 5], [3, 5], [4, 5]]


class Layout(NamedTuple):
    """The task that a layout holds, and what writes one split of it into a folder; "train" or "test"."""

    task: str
    write: Callable[[Path, str, Scenes], None]


def write_image_folder(folder: Path, split: str, scenes: Scenes) -> None:
    """`train/<digit>/*.png` and `test/<digit>/*.png`."""
    for number, (image, digit) in enumerate(zip(scenes.images, scenes.digits, strict=True)):
        _save(image, folder / split / str(digit) / f"{number:06}.png")


def write_cityscapes(folder: Path, split: str, scenes: Scenes) -> None:
    """One city, `digits`, under `train` or `val`; ids 0 to 10, and `classes.txt` names them."""
    theirs, city = {"train": "train", "test": "val"}[split], "digits"
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    for number, (image, labels) in enumerate(zip(scenes.images, scenes.labels, strict=True)):
        name = f"{city}_{number:06}_000019"
        _save(image, folder / "leftImg8bit" / theirs / city / f"{name}_leftImg8bit.png")
        _save(labels, folder / "gtFine" / theirs / city / f"{name}_gtFine_labelTrainIds.png")


def write_ade20k(folder: Path, split: str, scenes: Scenes) -> None:
    """`images` and `annotations` under `training` or `validation`; ids 1 to 11, 0 to ignore, listed in objectInfo11."""
    theirs, stem = {"train": ("training", "train"), "test": ("validation", "val")}[split]
    head = "Idx\tRatio\tTrain\tVal\tName\n"
    lines = [f"{number}\t0\t0\t0\t{name}\n" for number, name in enumerate(CLASSES, 1)]
    (folder / f"objectInfo{len(CLASSES)}.txt").write_text(head + "".join(lines), encoding="utf-8")
    # In eight bits 255 + 1 is 0: what is to be ignored gets ADE20K's id for it.
    annotations = scenes.labels + np.uint8(1)
    for number, (image, labels) in enumerate(zip(scenes.images, annotations, strict=True), 1):
        name = f"ADE_{stem}_{number:08}.png"
        _save(image, folder / "images" / theirs / name)
        _save(labels, folder / "annotations" / theirs / name)


def write_coco(folder: Path, split: str, scenes: Scenes) -> None:
    """`annotations/person_keypoints_{train,val}2017.json`; the subject of every scene is its one "person"."""
    place = {"train": "train2017", "test": "val2017"}[split]
    height, width = scenes.images.shape[1:3]
    category = {"id": 1, "name": "digit", "supercategory": "digit", "keypoints": LANDMARKS, "skeleton": _SKELETON}
    numbers = range(1, len(scenes.images) + 1)
    told = {
        "info": {"description": "digit scenes"},
        "licenses": [],
        "images": [
            {"id": number, "file_name": f"{number:012}.png", "width": width, "height": height} for number in numbers
        ],
        "annotations": [_annotation(scenes, row) for row in range(len(scenes.images))],
        "categories": [category],
    }
    for number, image in zip(numbers, scenes.images, strict=True):
        _save(image, folder / place / f"{number:012}.png")
    file = folder / "annotations" / f"person_keypoints_{place}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(told), encoding="utf-8")


LAYOUTS = {
    "image-folder": Layout("classification", write_image_folder),
    "cityscapes": Layout("segmentation", write_cityscapes),
    "ade20k": Layout("segmentation", write_ade20k),
    "coco": Layout("keypoints", write_coco),
}


def _annotation(scenes: Scenes, row: int) -> dict:
    joints = scenes.joints[row]
    return {
        "id": row + 1,
        "image_id": row + 1,
        "category_id": 1,
        "bbox": scenes.boxes[row].tolist(),
        "area": float(scenes.areas[row]),
        "iscrowd": 0,
        "num_keypoints": int((joints[:, 2] > 0).sum()),
        "keypoints": [value for x, y, seen in joints.tolist() for value in (x, y, int(seen))],
    }


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
    # Noise does not compress, and a lower level saves two thirds of the time.
    Image.fromarray(pixels).save(path, compress_level=1)
