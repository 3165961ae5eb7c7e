"""Class ids per pixel: from Parquet, Cityscapes and ADE20K, with what is to be ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vision_cases import ade20k, cityscapes, code, ids, loaded, masked, photos, png, save, write_table
from winnow.data.decode import Encoded
from winnow.data.vision import VOID
from winnow.data.vision.masks import Pair, read_pairs


def every_id(last: int) -> np.ndarray:
    """One mask of 16 x 16 with the ids 0 to `last`, and 255."""
    mask = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    return np.where(mask <= last, mask, 255).astype(np.uint8)


def targets(data: Any) -> list[int]:
    """The test mask of a set of one, as a list of 256."""
    return data.test.targets[0].flatten().tolist()


def test_ids_are_classes_and_255_is_ignored(tmp_path: Path) -> None:
    masks = {"train": ids(4, 5), "test": ids(2, 5, seed=4)}
    masks["test"][0, 3, 3] = VOID
    data = loaded(masked(tmp_path / "set", masks), "segmentation")
    assert data.classes == ("0", "1", "2", "3", "4")
    assert data.train.targets.dtype == torch.uint8
    assert torch.equal(data.test.targets, torch.from_numpy(masks["test"]))
    assert torch.equal(data.test.images, torch.from_numpy(photos(2, seed=1)).permute(0, 3, 1, 2))


def test_plain_bytes_other_names_and_palettes_are_the_same(tmp_path: Path) -> None:
    """The number in the file counts, whatever colour a palette gives it."""
    masks = {"train": ids(4, 5), "test": ids(2, 5, seed=4)}
    expected = loaded(masked(tmp_path / "set", masks), "segmentation")
    for number, (split, made) in enumerate(masks.items()):
        images = [png(one) for one in photos(len(made), seed=number)]
        columns = {"annotation": [png(one, "P") for one in made], "img": images}
        write_table(tmp_path / "other", split, columns, struct=False)
    assert loaded(tmp_path / "other", "segmentation").fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    ("feature", "void", "classes", "ignored"),
    [
        ({"names": ["a", "b", "c", "d"]}, (), ("a", "b", "c", "d"), []),
        ({"names": ["a", "b", "c", "void"]}, (), ("a", "b", "c"), [3]),
        ({"names": ["unlabelled", "b", "c", "d"]}, (), ("b", "c", "d"), [0]),
        ({"names": ["a", "b", "c", "d"], "ignore_index": 1}, (), ("a", "c", "d"), [1]),
        ({}, (2,), ("0", "1", "3"), [2]),
        ({}, (), ("0", "1", "2", "3"), []),
    ],
)
def test_what_is_ignored_is_told_by_the_metadata_or_the_caller(
    tmp_path: Path, feature: dict, void: tuple[int, ...], classes: tuple[str, ...], ignored: list[int]
) -> None:
    masks = {"train": ids(4, 4), "test": ids(1, 4, seed=4)}
    folder = masked(tmp_path / "set", masks, features={"mask": {"_type": "Image", **feature}})
    data = loaded(folder, "segmentation", void=void)
    assert data.classes == classes
    kept = [number for number in range(4) if number not in ignored]
    expected = [VOID if number in ignored else kept.index(number) for number in masks["test"].ravel()]
    assert targets(data) == expected


def test_a_published_set_is_known_by_its_name_and_its_number_of_ids(tmp_path: Path) -> None:
    masks = {"train": ids(3, 12, 8, 12), "test": ids(1, 12, 8, 12)}
    data = loaded(masked(tmp_path / "CamVid", masks), "segmentation", size=(8, 12))
    assert (len(data.classes), data.classes[0], data.classes[10]) == (11, "sky", "bicyclist")
    assert [VOID if number == 11 else number for number in masks["test"].ravel()] == targets(data)
    assert len(loaded(masked(tmp_path / "other", masks), "segmentation").classes) == 12
    fewer = {"train": ids(3, 9), "test": ids(1, 9)}
    assert len(loaded(masked(tmp_path / "sub" / "camvid", fewer), "segmentation").classes) == 9


def test_a_mask_takes_the_nearest_pixel(tmp_path: Path) -> None:
    """No id is made up between two others: at a third of the size every third pixel is left, the middle ones."""
    masks = {"train": ids(2, 7, 9, 12) * 30, "test": ids(2, 7, 9, 12, seed=3) * 30}
    data = loaded(masked(tmp_path / "set", masks), "segmentation", size=(3, 4))
    assert torch.equal(data.test.targets, torch.from_numpy(masks["test"][:, 1::3, 1::3].copy()))


def test_sixteen_bits_and_one_bit_hold_ids_too() -> None:
    image = Encoded("image", png(photos(1)[0]))
    wide, narrow = ids(1, 6)[0], ids(1, 2)[0]
    pairs = [Pair(image, Encoded("mask", content)) for content in (png(wide.astype(np.uint16)), png(narrow > 0))]
    read = read_pairs(pairs, (8, 10))
    assert np.array_equal(read.ids, [wide, narrow])
    assert np.flatnonzero(read.seen[0]).tolist() == [0, 1, 2, 3, 4, 5]


def test_an_id_that_resizing_drops_is_still_checked(tmp_path: Path) -> None:
    masks = {"train": ids(3, 3), "test": ids(3, 3, seed=5)}
    masks["test"][2, 0, 0] = 9
    error = code(masked(tmp_path / "set", masks), "segmentation", size=(2, 2))
    assert error.code == "WN-D03"
    assert "class id 9" in error.what
    assert "test mask 2" in str(error.where)


def test_cityscapes_train_ids_are_the_nineteen_classes(tmp_path: Path) -> None:
    folder = cityscapes(cityscapes(tmp_path / "set", "train", every_id(18).repeat(4, 0)), "val", every_id(18))
    data = loaded(folder, "segmentation", size=(16, 16))
    assert (len(data.train), len(data.validation), len(data.test)) == (3, 1, 1)
    assert (len(data.classes), data.classes[0], data.classes[18]) == (19, "road", "bicycle")
    assert targets(data) == every_id(18).ravel().tolist()


def test_cityscapes_label_ids_are_mapped_by_the_public_table(tmp_path: Path) -> None:
    train, val = (
        cityscapes(tmp_path / "set", split, every_id(33).repeat(2, 0), "labelIds") for split in ("train", "val")
    )
    assert train == val
    found = targets(loaded(train, "segmentation", size=(16, 16)))
    kept = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    assert [found.index(number) for number in range(19)] == kept
    assert {found[number] for number in range(256)} - set(range(19)) == {VOID}
    assert len([number for number in found if number != VOID]) == 19


def test_cityscapes_prefers_train_ids_and_a_list_names_other_classes(tmp_path: Path) -> None:
    masks = ids(3, 4)
    folder = cityscapes(tmp_path / "set", "train", np.zeros_like(masks), "labelIds")
    cityscapes(cityscapes(folder, "train", masks), "val", masks)
    save(folder / "classes.txt", b"a\nb\n\nc\nd\n")
    data = loaded(folder, "segmentation")
    assert data.classes == ("a", "b", "c", "d")
    assert torch.equal(data.test.targets, torch.from_numpy(masks[[0, 2, 1]])), "city by city"


@pytest.mark.parametrize("inside", ["", "ADEChallengeData2016"])
def test_ade20k_ids_begin_at_one_and_zero_is_ignored(tmp_path: Path, inside: str) -> None:
    mask = np.minimum(every_id(255), 150)
    root = tmp_path / "set" / inside
    ade20k(ade20k(root, "training", mask.repeat(2, 0)), "validation", mask)
    data = loaded(tmp_path / "set", "segmentation", size=(16, 16))
    assert len(data.classes) == 150
    assert targets(data) == [VOID, *range(150), *[149] * 105]


def test_ade20k_classes_are_counted_from_its_list(tmp_path: Path) -> None:
    folder = ade20k(ade20k(tmp_path / "set", "training", ids(3, 4)), "validation", ids(2, 4, seed=2))
    save(folder / "objectInfo3.txt", b"Idx\tRatio\tName\n1\t0.5\twall\n2\t0.3\tsky\n3\t0.2\ttree, plant\n")
    data = loaded(folder, "segmentation")
    assert data.classes == ("wall", "sky", "tree, plant")
    assert torch.equal(data.test.targets, torch.from_numpy(ids(2, 4, seed=2) - np.uint8(1)))
    save(folder / "objectInfo3.txt", b"1\tx\ty\twall\n2\tx\ty\tsky\n")
    assert code(folder, "segmentation").code == "WN-D03"
