"""Not tests: tiny vision sets in the published layouts, and a way to ask for an error's code."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from winnow.core import WinnowError
from winnow.data.vision import VisionSet, load_vision

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def code(source: Path | str, task: str, **options: Any) -> WinnowError:
    """The error that loading raises."""
    with pytest.raises(WinnowError) as caught:
        loaded(source, task, **options)
    return caught.value


def loaded(source: Path | str, task: str, **options: Any) -> VisionSet:
    return load_vision(source, task, **{"size": (8, 10), "validation": 1, **options})


def png(pixels: np.ndarray, mode: str | None = None) -> bytes:
    """Encode [H, W] or [H, W, 3]; mode "P" keeps the numbers as palette indices."""
    image = Image.fromarray(pixels)
    if mode == "P":
        image.putpalette([number * 37 % 256 for number in range(768)])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def save(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def photos(count: int, height: int = 8, width: int = 10, seed: int = 0) -> np.ndarray:
    """Random colour images, [N, H, W, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def ids(count: int, classes: int, height: int = 8, width: int = 10, seed: int = 1) -> np.ndarray:
    """Random class ids, [N, H, W], every class in every mask."""
    made = np.random.default_rng(seed).integers(0, classes, (count, height, width), dtype=np.uint8)
    made[:, 0, :classes] = np.arange(classes)[:width]
    return made


def blob(height: int, width: int, x: float, y: float, spread: float = 2.0) -> np.ndarray:
    """A bright spot on black, [H, W, 3], whose centre of mass is x, y."""
    rows, columns = np.mgrid[:height, :width]
    light = 250 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2))
    return np.repeat(np.rint(light).astype(np.uint8)[..., None], 3, axis=2)


def middle(image: Any) -> tuple[float, float]:
    """The centre of mass of an image [3, H, W]: x, y."""
    light = np.asarray(image, dtype=np.float64).sum(axis=0)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    return float((light * columns).sum() / light.sum()), float((light * rows).sum() / light.sum())


def write_table(
    folder: Path, split: str, columns: dict[str, Any], features: dict[str, Any] | None = None, struct: bool = True
) -> Path:
    """One Parquet file of a split; a column of bytes is written as the Hub's struct, or plainly."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for name, values in columns.items():
        coded = struct and any(isinstance(value, bytes) for value in values)
        cells = [None if value is None else {"bytes": value, "path": None} for value in values] if coded else values
        arrays[name] = pa.array(cells, STRUCT) if coded else pa.array(cells)
    table = pa.table(arrays)
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, folder / f"{split}-00000-of-00001.parquet")
    return folder


def masked(folder: Path, masks: dict[str, np.ndarray], **options: Any) -> Path:
    """A Parquet set with these masks, and random images of their size."""
    for number, (split, made) in enumerate(masks.items()):
        images = photos(len(made), *made.shape[1:], seed=number)
        columns = {"image": [png(one) for one in images], "mask": [png(one) for one in made]}
        write_table(folder, split, columns, **options)
    return folder


def jointed(folder: Path, joints: dict[str, Any], **options: Any) -> Path:
    """A Parquet set with these joints, and random images of 8 x 10."""
    for number, (split, made) in enumerate(joints.items()):
        columns = {"image": [png(one) for one in photos(len(made), seed=number)], "joints": made}
        write_table(folder, split, columns, **options)
    return folder


def cityscapes(folder: Path, split: str, masks: np.ndarray, end: str = "labelTrainIds") -> Path:
    for number, (image, mask) in enumerate(zip(photos(len(masks), *masks.shape[1:]), masks, strict=True)):
        city = f"city{number % 2}"
        name = f"{city}_{number:06}_000019"
        save(folder / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png", png(image))
        save(folder / "gtFine" / split / city / f"{name}_gtFine_{end}.png", png(mask))
    return folder


def ade20k(folder: Path, split: str, masks: np.ndarray) -> Path:
    for number, (image, mask) in enumerate(zip(photos(len(masks), *masks.shape[1:]), masks, strict=True)):
        save(folder / "images" / split / f"ADE_{number:08}.png", png(image))
        save(folder / "annotations" / split / f"ADE_{number:08}.png", png(mask))
    return folder


def person(number: int, image: int, box: Sequence[float], joints: Sequence[float], **more: Any) -> dict[str, Any]:
    """One annotation of COCO's."""
    told = {"id": number, "image_id": image, "category_id": 1, "iscrowd": 0, "area": box[2] * box[3]}
    return {**told, "bbox": list(box), "keypoints": list(joints), "num_keypoints": 1, **more}


def coco(
    folder: Path, split: str, images: Sequence[np.ndarray], persons: list[dict[str, Any]], names: Sequence[str]
) -> Path:
    """COCO's layout; images are numbered from 1."""
    for number, image in enumerate(images, 1):
        save(folder / f"{split}2017" / f"{number:012}.png", png(image))
    told = {
        "images": [
            {"id": n, "file_name": f"{n:012}.png", "height": image.shape[0], "width": image.shape[1]}
            for n, image in enumerate(images, 1)
        ],
        "annotations": persons,
        "categories": [{"id": 1, "name": "person", "keypoints": list(names)}],
    }
    save(folder / "annotations" / f"person_keypoints_{split}2017.json", json.dumps(told).encode())
    return folder
