"""Joints: where they lie after resizing and cutting, what is known of them, and whom a split keeps together."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vision_cases import blob, coco, jointed, loaded, middle, person, png, save, write_table
from winnow.data.vision import VisionSet
from winnow.data.vision.bodies import COCO_JOINTS, body_of

NAMES = ("left_hand", "right_hand")
# What COCO publishes for its 17 joints, nose first.
COCO_SIGMAS = [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]


def spots(data: VisionSet) -> list[tuple[float, float]]:
    return [middle(image) for image in data.test.images]


def first_joints(data: VisionSet) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in data.test.targets[:, 0, :2]]


@pytest.mark.parametrize("size", [(20, 25), (30, 45), (80, 60), (40, 50)])
def test_a_joint_stays_on_what_it_marks(tmp_path: Path, size: tuple[int, int]) -> None:
    """The brightest place of a resized image is where its joint went: no half pixel is lost."""
    places = [(20.0, 16.0), (31.3, 22.7), (12.5, 25.0)]
    images = [png(blob(40, 50, *place)) for place in places]
    joints = [[[*place, 1.0], [0.0, 0.0, 0.0]] for place in places]
    for split in ("train", "test"):
        write_table(tmp_path / "set", split, {"image": images, "joints": joints})
    data = loaded(tmp_path / "set", "keypoints", size=size)
    assert np.array(first_joints(data)) == pytest.approx(np.array(spots(data)), abs=0.06)
    assert data.test.targets[:, 1].abs().max() == 0
    assert set(data.test.targets[:, 0, 2].tolist()) == {2.0}, "a set that knows 0 and 1 means visible by 1"


def test_visibility_of_coco_is_kept_and_what_is_not_labelled_lies_at_zero(tmp_path: Path) -> None:
    joints = [[[3.0, 4.0, 2.0], [5.0, 6.0, 1.0], [7.0, 7.0, 0.0]]] * 3
    data = loaded(jointed(tmp_path / "set", {"train": joints, "test": joints}), "keypoints")
    assert data.test.targets.tolist() == [[[3, 4, 2], [5, 6, 1], [0, 0, 0]]] * 3
    assert data.test.scales is not None
    # The box around the two labelled joints is 2 by 2; an object fills 0.53 of its box.
    assert data.test.scales.tolist() == pytest.approx([math.sqrt(0.53 * 4)] * 3)


def test_fourteen_joints_are_those_of_leeds() -> None:
    body = body_of(14)
    pairs = {(body.names[first], body.names[second]) for first, second in body.flip_pairs}
    parts = ("ankle", "knee", "hip", "wrist", "elbow", "shoulder")
    assert pairs == {(f"right {part}", f"left {part}") for part in parts}
    assert body.torso == (body.names.index("left shoulder"), body.names.index("right hip")) == (9, 2)
    assert body.head == (12, 13)
    assert body.sigmas[2] == 0.107


def test_seventeen_joints_are_those_of_coco() -> None:
    body = body_of(17)
    assert [round(1000 * sigma) for sigma in body.sigmas] == COCO_SIGMAS
    assert body.flip_pairs == tuple((number, number + 1) for number in range(1, 17, 2))
    assert body.torso == (5, 12)
    assert body == body_of(17, [name.replace(" ", "_") for name in COCO_JOINTS])


def test_unknown_joints_have_one_sigma_and_swap_by_their_names() -> None:
    body = body_of(5, ["top", "bottom", "left", "right", "centre"])
    assert body.flip_pairs == ((2, 3),)
    assert len(set(body.sigmas)) == 1
    assert (body.torso, body.head) == (None, None)
    assert body_of(3).flip_pairs == ()
    assert len(body_of(3).sigmas) == 3


def test_names_in_the_metadata_count(tmp_path: Path) -> None:
    joints = [[[3.0, 4.0, 1.0], [5.0, 6.0, 1.0]]] * 3
    features = {"joints": {"names": list(NAMES)}}
    data = loaded(jointed(tmp_path / "set", {"train": joints, "test": joints}, features=features), "keypoints")
    assert data.classes == ("left hand", "right hand")
    assert data.flip_pairs == ((0, 1),)


def people(folder: Path) -> Path:
    """Three photographs of 60 x 80 with a bright spot each, which two persons mark by different boxes."""
    places = [(30.0, 25.0), (50.4, 33.3), (20.5, 41.0)]
    images = [blob(60, 80, *place) for place in places]
    persons = []
    for image, (x, y) in enumerate(places, 1):
        persons.append(person(10 * image, image, (x - 12, y - 15, 20, 28), [x, y, 2, 0, 0, 0]))
        persons.append(person(10 * image + 1, image, (x - 15, y - 9, 33, 20), [0, 0, 0, x, y, 1], area=144.0))
    persons.append(person(98, 1, (0, 0, 80, 60), [9, 9, 2, 9, 9, 2], iscrowd=1))
    persons.append(person(99, 1, (0, 0, 80, 60), [0] * 6))
    return coco(coco(folder, "train", images, persons, NAMES), "val", images, persons, NAMES)


def test_every_labelled_person_of_coco_is_one_crop(tmp_path: Path) -> None:
    data = loaded(people(tmp_path / "set"), "keypoints", size=(40, 30))
    assert len(data.test) == 6
    assert data.classes == ("left hand", "right hand")
    assert data.flip_pairs == ((0, 1),)
    marked = [next(joint for joint in joints if joint[2]) for joints in data.test.targets.tolist()]
    assert np.array([joint[:2] for joint in marked]) == pytest.approx(np.array(spots(data)), abs=0.08)
    assert [joint[2] for joint in marked] == [2, 1] * 3
    # The first box, 20 x 28, becomes 21 x 28 for the aspect, and is 1.25 times as large: 30 pixels show 26.25.
    assert data.test.scales is not None
    assert data.test.scales[:2].tolist() == pytest.approx([math.sqrt(560) * 30 / 26.25, 12 * 30 / 41.25], rel=1e-5)


def test_persons_of_one_photograph_are_not_parted(tmp_path: Path) -> None:
    for seed in range(4):
        data = loaded(people(tmp_path / "set"), "keypoints", size=(40, 30), validation=2, seed=seed)
        assert (len(data.train), len(data.validation)) == (4, 2)
        assert data.validation.targets[0, 0, :2].tolist() != [0, 0]
        assert data.validation.targets[1, 1, :2].tolist() != [0, 0], "both of one photograph"


def test_the_margin_widens_the_crop_about_its_middle(tmp_path: Path) -> None:
    tight, wide = (loaded(people(tmp_path / "set"), "keypoints", size=(40, 30), margin=m) for m in (1.0, 2.0))
    centre = torch.tensor([14.5, 19.5])
    marked = tight.test.targets[..., 2] > 0
    near = (wide.test.targets[..., :2] - centre) * 2
    assert torch.allclose(near[marked], (tight.test.targets[..., :2] - centre)[marked], atol=1e-4)


def test_a_box_beyond_the_image_ends_with_it(tmp_path: Path) -> None:
    """Cut to the image, the box is 20 x 20; beyond the image a crop is black."""
    image = np.full((20, 20, 3), 200, dtype=np.uint8)
    persons = [person(1, 1, (-50, -50, 500, 500), [9, 9, 2] * 2), person(2, 2, (900, 900, 5, 5), [9, 9, 2] * 2)]
    folder = coco(coco(tmp_path / "set", "train", [image] * 2, persons, NAMES), "val", [image] * 2, persons, NAMES)
    data = loaded(folder, "keypoints", size=(25, 25), margin=1.25)
    inside = data.test.images[0, 0]
    assert (inside[:2].max(), inside[5:20, 5:20].min()) == (0, 200)
    assert data.test.targets[0, 0].tolist() == [11.5, 11.5, 2]
    assert data.test.images[1, 0, 0, 0] == 200


def test_detected_boxes_cut_the_test_crops_alone(tmp_path: Path) -> None:
    folder = people(tmp_path / "set")
    plain = loaded(folder, "keypoints", size=(40, 30))
    # Found: the first person, a little off. The second of the same photograph, and all others, are not.
    found = [
        {"image_id": 1, "category_id": 1, "bbox": [19, 11, 20, 28], "score": 0.9},
        {"image_id": 1, "category_id": 3, "bbox": [15, 16, 33, 20], "score": 0.9},
        {"image_id": 2, "category_id": 1, "bbox": [0, 0, 4, 4], "score": 0.9},
    ]
    boxes = save(tmp_path / "boxes.json", json.dumps(found).encode())
    data = loaded(folder, "keypoints", size=(40, 30), boxes=boxes)
    assert torch.equal(data.train.images, plain.train.images)
    shift = plain.test.targets[0, 0, :2] - data.test.targets[0, 0, :2]
    assert shift.tolist() == pytest.approx([30 / 26.25] * 2, abs=1e-4)
    # Not found: the whole image, 80 x 60, in a crop of 3 : 4 with a margin: 30 x 40 pixels show 100 x 133.3.
    assert data.test.targets[2, 0, :2].tolist() == pytest.approx(
        [(50.9 + 10) * 0.3 - 0.5, (33.8 + 110 / 3) * 0.3 - 0.5], abs=1e-4
    )
    assert np.array([joints[joints[:, 2] > 0][0, :2].tolist() for joints in data.test.targets]) == pytest.approx(
        np.array(spots(data)), abs=0.2
    )
