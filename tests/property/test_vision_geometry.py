"""Whatever the box, the joints or the split: crops, places and parts fit together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision_cases import photos
from winnow.data.vision.classes import class_table
from winnow.data.vision.joints import placed
from winnow.data.vision.parting import parted
from winnow.data.vision.pictures import cut
from winnow.data.vision.raw import RawVision, RawVisionSplit
from winnow.data.vision.readers.coco import crop_box
from winnow.data.vision.sets import VOID

SIDES = st.integers(1, 300)
NUMBERS = st.floats(-1e3, 1e3, allow_nan=False)


@given(
    box=st.tuples(NUMBERS, NUMBERS, st.floats(0.1, 1e3), st.floats(0.1, 1e3)),
    stored=st.tuples(SIDES, SIDES),
    size=st.tuples(st.integers(1, 64), st.integers(1, 64)),
    margin=st.floats(1.0, 3.0),
)
def test_a_crop_has_the_aspect_and_holds_what_of_the_box_is_in_the_image(
    box: tuple[float, float, float, float], stored: tuple[int, int], size: tuple[int, int], margin: float
) -> None:
    left, top, right, bottom = crop_box(box, stored, size, margin)
    assert (right - left) * size[0] == pytest.approx((bottom - top) * size[1], rel=1e-6)
    assert (right - left >= margin * 0.999) and (bottom - top >= margin * 0.999)
    seen = (max(box[0], 0), max(box[1], 0), min(box[0] + box[2], stored[1]), min(box[1] + box[3], stored[0]))
    if seen[0] + 1 <= seen[2] and seen[1] + 1 <= seen[3]:
        slack = 1e-6
        assert left <= seen[0] + slack and top <= seen[1] + slack
        assert right >= seen[2] - slack and bottom >= seen[3] - slack


@given(
    region=st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(1, 30), st.integers(1, 30)),
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
def test_a_crop_of_whole_pixels_is_the_pixels_and_black_beyond(
    region: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    """Cut without resizing, every pixel is the image's own; a crop of any size has that size."""
    image = photos(1, 16, 24)[0].transpose(2, 0, 1)
    left, top, width, height = region
    padded = np.pad(image, ((0, 0), (60, 60), (60, 60)))
    box = (float(left), float(top), float(left + width), float(top + height))
    expected = padded[:, 60 + top : 60 + top + height, 60 + left : 60 + left + width]
    assert np.array_equal(cut(image, (height, width), box), expected)
    assert cut(image, size, box).shape == (3, *size)


@given(
    points=st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from([0, 1, 2])), min_size=1, max_size=6),
    corner=st.tuples(NUMBERS, NUMBERS),
    scale=st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)),
)
def test_a_placed_joint_can_be_taken_back(
    points: list[tuple[float, float, int]], corner: tuple[float, float], scale: tuple[float, float]
) -> None:
    joints = np.array([points], dtype=np.float64)
    there = placed(joints, np.array([corner]), np.array([scale])).astype(np.float64)
    labelled = joints[..., 2] > 0
    back = (there[..., :2] + 0.5) / np.array(scale) + np.array(corner) - 0.5
    assert back[labelled] == pytest.approx(joints[..., :2][labelled], abs=1e-2)
    assert (there[~labelled] == 0).all()
    assert np.array_equal(there[..., 2], joints[..., 2])


def numbered(count: int, groups: np.ndarray | None) -> RawVisionSplit:
    images = np.zeros((count, 3, 1, 1), np.uint8)
    return RawVisionSplit(images, np.arange(count, dtype=np.int64), np.arange(count, dtype=np.float32), groups)


@settings(max_examples=40)
@given(
    groups=st.lists(st.integers(0, 9), min_size=4, max_size=60).filter(lambda each: len(set(each)) >= 4),
    grouped=st.booleans(),
    share=st.sampled_from([1, 2, 0.3, 0.5]),
    own=st.sampled_from([(), ("validation",), ("test",), ("validation", "test")]),
    seed=st.integers(0, 5),
)
def test_every_sample_is_in_one_part_and_no_group_in_two(
    groups: list[int], grouped: bool, share: int | float, own: tuple[str, ...], seed: int
) -> None:
    count = len(groups)
    splits = {"train": numbered(count, np.array(groups) if grouped else None)}
    splits |= {name: numbered(3, np.arange(3) if grouped else None) for name in own}
    train, validation, test = parted(RawVision(splits, ("a", "b")), "segmentation", share, seed)
    whole = [id(part) for part in splits.values()]
    carved = [part for part in (train, validation, test) if id(part) not in whole[1:]]
    rows = np.concatenate([part.targets for part in carved])
    assert sorted(rows.tolist()) == list(range(count))
    assert all(len(part.images) for part in (train, validation, test))
    assert all(np.array_equal(part.targets, part.scales) for part in carved if part.scales is not None)
    if grouped:
        sets = [set(part.groups.tolist()) for part in carved if part.groups is not None]
        assert sum(map(len, sets)) == len(set().union(*sets)) == len(set(groups))


@given(
    names=st.lists(st.sampled_from(["road", "void", "sky", "Unlabelled", "car"]), min_size=1, max_size=12),
    void=st.lists(st.integers(0, 15), max_size=3),
)
def test_classes_are_the_ids_that_are_not_ignored_in_order(names: list[str], void: list[int]) -> None:
    table, classes = class_table({"names": names}, "set", np.zeros(256, np.bool_), void)
    ignored = [n for n, name in enumerate(names) if n in void or name.lower() in ("void", "unlabelled")]
    kept = [n for n in range(len(names)) if n not in ignored]
    assert classes == tuple(names[n] for n in kept)
    assert table[kept].tolist() == list(range(len(kept)))
    assert set(table[ignored].tolist()) <= {VOID}
    assert table[VOID] == VOID
    assert all(table[n] in (-1, VOID) for n in range(len(names), 256))
