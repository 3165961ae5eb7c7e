"""Whatever is wrong with a vision set has a code, names the place, and is never a traceback."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_data_writers as write

from vision_cases import (
    ade20k,
    cityscapes,
    coco,
    code,
    ids,
    jointed,
    loaded,
    masked,
    person,
    photos,
    png,
    save,
    write_table,
)

JOINTS = [[[3.0, 4.0, 1.0], [5.0, 6.0, 1.0]]] * 4
NAMES = ("left_hand", "right_hand")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "cache"))


def city(folder: Path) -> Path:
    return cityscapes(cityscapes(folder, "train", ids(4, 4)), "val", ids(2, 4))


def scene(folder: Path) -> Path:
    return ade20k(ade20k(folder, "training", ids(4, 4)), "validation", ids(2, 4))


def people(folder: Path, *persons: dict[str, Any]) -> Path:
    found = list(persons) or [person(n, n, (1, 1, 6, 6), [3, 3, 2, 5, 5, 2]) for n in (1, 2, 3)]
    images = list(photos(3))
    return coco(coco(folder, "train", images, found, NAMES), "val", images, found, NAMES)


def columns(folder: Path, **values: Any) -> Path:
    return write_table(folder, "train", {"image": [png(one) for one in photos(4)], **values})


@pytest.mark.parametrize("task", ["classification", "segmentation", "keypoints"])
def test_nothing_there_and_an_empty_folder(tmp_path: Path, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert code(tmp_path / "nothing", task).code == "WN-D01"
    empty = tmp_path / "empty"
    empty.mkdir()
    error = code(empty, task)
    assert (error.code, error.where) == ("WN-D02", str(empty))
    assert "nothing" in error.what
    save(tmp_path / "text" / "notes.md", b"# notes")
    assert "notes.md" in code(tmp_path / "text", task).what
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert code("nobody/nothing", task).code == "WN-D07"


def remove(pattern: str) -> Callable[[Path], None]:
    def undo(folder: Path) -> None:
        next(iter(sorted(folder.rglob(pattern)))).unlink()

    return undo


def put(pattern: str, content: bytes) -> Callable[[Path], None]:
    def replace(folder: Path) -> None:
        max(folder.rglob(pattern)).write_bytes(content)

    return replace


def empty(place: str) -> Callable[[Path], None]:
    def clear(folder: Path) -> None:
        for path in (folder / place).rglob("*.png"):
            path.unlink()

    return clear


BROKEN = png(photos(1)[0])[:60]
GOOD = png(photos(1, 5, 5)[0])
SMALL = png(ids(1, 3, 5, 5)[0])
FAR = png(np.full((8, 10), 200, np.uint8))
COLOURED = png(photos(1)[0])


@pytest.mark.parametrize(
    ("build", "harm", "expected", "named"),
    [
        (city, remove("*_labelTrainIds.png"), "WN-D02", "_leftImg8bit.png"),
        (city, put("*_labelTrainIds.png", BROKEN), "WN-D02", "_labelTrainIds.png"),
        (city, put("*_labelTrainIds.png", SMALL), "WN-D04", "_leftImg8bit.png"),
        (city, put("*_labelTrainIds.png", FAR), "WN-D03", "_labelTrainIds.png"),
        (city, put("*_labelTrainIds.png", COLOURED), "WN-D03", "_labelTrainIds.png"),
        (city, put("*_leftImg8bit.png", BROKEN), "WN-D02", "_leftImg8bit.png"),
        (city, empty("leftImg8bit/train"), "WN-D02", "set"),
        (city, lambda folder: save(folder / "classes.txt", b"\n"), "WN-D03", "classes.txt"),
        (city, lambda folder: save(folder / "classes.txt", b"\xff\xfe\x00"), "WN-D02", "classes.txt"),
        (scene, remove("annotations/training/*.png"), "WN-D02", ".png"),
        (scene, put("annotations/validation/*.png", BROKEN), "WN-D02", ".png"),
        (scene, put("annotations/validation/*.png", SMALL), "WN-D04", ".png"),
        (scene, put("annotations/validation/*.png", FAR), "WN-D03", ".png"),
        (scene, put("images/training/*.png", GOOD), "WN-D04", ".png"),
        (scene, empty("images/training"), "WN-D02", "set"),
    ],
)
def test_images_and_masks_that_do_not_fit(
    tmp_path: Path, build: Callable[[Path], Path], harm: Callable[[Path], Any], expected: str, named: str
) -> None:
    folder = build(tmp_path / "set")
    harm(folder)
    error = code(folder, "segmentation")
    assert error.code == expected
    assert str(error.where).endswith(named)
    assert error.fix


MASKS = [png(one) for one in ids(4, 3)]


@pytest.mark.parametrize(
    ("values", "expected", "told"),
    [
        ({}, "WN-D03", "no mask column among image"),
        ({"mask": [1, 2, 3, 4]}, "WN-D03", "no mask column"),
        ({"mask": [*MASKS[:3], None]}, "WN-D02", "without its mask"),
        ({"mask": [*MASKS[:3], SMALL]}, "WN-D04", "10x8 pixels and its mask 5x5"),
        ({"mask": [*MASKS[:3], b"no png"]}, "WN-D02", "cannot be read"),
        ({"mask": [png(np.full((8, 10), 2, np.uint8))] * 4}, "WN-D05", "same label"),
        ({"mask": [png(np.full((8, 10), 255, np.uint8))] * 4}, "WN-D05", "same label"),
        ({"mask": [png(np.full((8, 10), 300, np.uint16))] * 4}, "WN-D03", "class id 300"),
    ],
)
def test_tables_of_masks(tmp_path: Path, values: dict[str, Any], expected: str, told: str) -> None:
    error = code(columns(tmp_path / "set", **values), "segmentation")
    assert error.code == expected
    assert told in error.what


@pytest.mark.parametrize(
    ("joints", "expected", "told"),
    [
        (None, "WN-D03", "no joints column among image"),
        ([[[3.0, 4.0], [5.0, 6.0]]] * 4, "WN-D03", "shape [2, 2]"),
        ([[3.0, 4.0, 1.0]] * 4, "WN-D03", "shape [3]"),
        ([*JOINTS[:3], [[1.0, 2.0, 1.0]]], "WN-D03", "unequal"),
        ([*JOINTS[:3], None], "WN-D03", "unequal or no joints"),
        ([[[3.0, 4.0, 3.0]]] * 4, "WN-D03", "0, 1 or 2"),
        ([[[float("nan"), 4.0, 1.0]]] * 4, "WN-D03", "far from any image"),
        ([[[1e30, 4.0, 1.0]]] * 4, "WN-D03", "far from any image"),
        ([[]] * 4, "WN-D03", "shape"),
        ([[[3.0, 4.0, 0.0]]] * 4, "WN-D03", "no joint of the train split is labelled"),
        (["left"] * 4, "WN-D03", "unequal or no joints"),
    ],
)
def test_tables_of_joints(tmp_path: Path, joints: Any, expected: str, told: str) -> None:
    values = {} if joints is None else {"joints": joints}
    error = code(columns(tmp_path / "set", **values), "keypoints")
    assert error.code == expected
    assert told in error.what


def test_splits_with_other_joints_and_broken_tables(tmp_path: Path) -> None:
    folder = jointed(tmp_path / "set", {"train": JOINTS, "test": [[[1.0, 2.0, 1.0]]] * 2})
    assert code(folder, "keypoints").code == "WN-D03"
    save(folder / "train-00000-of-00001.parquet", b"PAR1 and then nothing")
    assert code(folder, "keypoints").code == "WN-D02"
    none = write_table(tmp_path / "none", "train", {"image": [b""][:0], "mask": [b""][:0]})
    assert code(none, "segmentation").code in ("WN-D02", "WN-D03")
    part = masked(tmp_path / "part", {"train": ids(3, 3)})
    (part / "train-00000-of-00001.parquet").rename(part / "train-00000-of-00003.parquet")
    assert "1 of 3 parts" in code(part, "segmentation").what


GOOD_PERSON = person(1, 1, (1, 1, 6, 6), [3, 3, 2, 5, 5, 2])


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (person(2, 2, (1, 1, 6, 6), [3, 3, 2]), "WN-D03"),
        (person(2, 2, (1, 1, 6, 6), [3, 3, 7, 5, 5, 2]), "WN-D03"),
        (person(2, 2, (1, 1, 6, 6), [3, 3, 2, 5, 5, 2], bbox=[1, 1, 6]), "WN-D02"),
        (person(2, 2, (float("nan"), 1, 6, 6), [3, 3, 2, 5, 5, 2]), "WN-D02"),
        (person(2, 77, (1, 1, 6, 6), [3, 3, 2, 5, 5, 2]), "WN-D02"),
        (person(2, 2, (1, 1, 6, 6), ["a"] * 6), "WN-D02"),  # type: ignore[list-item]
        ({"keypoints": [3, 3, 2, 5, 5, 2], "image_id": 2}, "WN-D02"),
    ],
)
def test_annotations_that_cannot_be_read(tmp_path: Path, bad: dict[str, Any], expected: str) -> None:
    error = code(people(tmp_path / "set", GOOD_PERSON, bad), "keypoints")
    assert error.code == expected
    assert str(error.where).endswith(".json")


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (put("person_keypoints_val2017.json", b"{"), "val2017.json"),
        (put("person_keypoints_val2017.json", b"[]"), "val2017.json"),
        (put("person_keypoints_val2017.json", b"[" * 100_000), "val2017.json"),
        (put("person_keypoints_train2017.json", b'{"images": [], "annotations": [], "categories": []}'), "2017.json"),
        (remove("val2017/*.png"), "val2017/000000000001.png"),
        (put("val2017/*.png", BROKEN), "val2017/000000000003.png"),
    ],
)
def test_files_of_coco_that_are_broken_or_missing(tmp_path: Path, harm: Callable[[Path], Any], named: str) -> None:
    folder = people(tmp_path / "set")
    harm(folder)
    error = code(folder, "keypoints")
    assert error.code == "WN-D02"
    assert str(error.where).endswith(named)


def test_coco_without_any_labelled_person(tmp_path: Path) -> None:
    error = code(people(tmp_path / "set", person(1, 1, (1, 1, 6, 6), [0] * 6)), "keypoints")
    assert (error.code, error.what) == ("WN-D02", "the train split holds no image")


@pytest.mark.parametrize("content", [b"{", b"7", b'[{"image_id": 1}]', b'[{"image_id": 1, "bbox": [1, 2]}]'])
def test_detections_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    boxes = save(tmp_path / "boxes.json", content)
    assert code(people(tmp_path / "set"), "keypoints", boxes=boxes).code == "WN-D02"
    assert code(people(tmp_path / "set"), "keypoints", boxes=tmp_path / "none.json").code == "WN-D01"


def test_a_detection_of_no_size_finds_nobody(tmp_path: Path) -> None:
    folder = people(tmp_path / "set")
    for found in ([], [{"image_id": 1, "bbox": [3, 3, 0, 0]}]):
        boxes = save(tmp_path / "boxes.json", json.dumps(found).encode())
        assert len(loaded(folder, "keypoints", boxes=boxes).test) == 3


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"size": (0, 8)}, "size"),
        ({"size": (8, 8, 8)}, "size"),
        ({"size": 8}, "size"),
        ({"size": (8.5, 8)}, "size"),
        ({"size": (8, 10**6)}, "size"),
        ({"margin": 0.0}, "margin"),
        ({"margin": float("nan")}, "margin"),
        ({"margin": 1e9}, "margin"),
        ({"void": (256,)}, "void"),
        ({"void": ("11",)}, "void"),
    ],
)
def test_options_that_are_none(tmp_path: Path, options: dict[str, Any], where: str) -> None:
    error = code(masked(tmp_path / "set", {"train": ids(3, 3)}), "segmentation", **options)
    assert (error.code, error.where) == ("WN-C01", where)


def test_other_wishes_that_cannot_be_met(tmp_path: Path) -> None:
    folder = masked(tmp_path / "set", {"train": ids(3, 3), "test": ids(1, 3)})
    assert code(folder, "detection").code == "WN-C01"
    assert code("digits", "segmentation").code == "WN-D03"
    assert code(folder, "segmentation", validation=3).code == "WN-D06"
    assert code(folder, "keypoints").code == "WN-D03"
    assert code(folder, "classification").code == "WN-D03"
    assert code(people(tmp_path / "people"), "keypoints", validation=3).code == "WN-D06"
    assert code(people(tmp_path / "people"), "segmentation").code == "WN-D02"


def test_labels_that_do_not_fit(tmp_path: Path) -> None:
    sets = write.made(channels=3)
    folder = write.write_image_folder(tmp_path / "folder", sets)
    save(folder / "test" / "9" / "x.png", GOOD)
    assert code(folder, "classification").code == "WN-D03"
    next((folder / "train" / "0").iterdir()).write_bytes(BROKEN)
    (folder / "test" / "9" / "x.png").unlink()
    assert code(folder, "classification").code == "WN-D02"
    one = {"train": (sets["train"][0], np.zeros(12, np.int64)), "test": sets["test"]}
    assert code(write.write_parquet(tmp_path / "one", one, names=["a", "b", "c"]), "classification").code == "WN-D05"
    cut = write.write_idx(tmp_path / "idx", write.made())
    (cut / "t10k-labels-idx1-ubyte").unlink()
    assert code(cut, "classification").code == "WN-D02"


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = city(tmp_path / "set")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "glob", refuse)
    assert code(folder, "segmentation").code == "WN-D02"
