"""Digit scenes: what is written is what is loaded, from digits that train and test do not share."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vision_cases import blob, middle
from winnow.core import WinnowError
from winnow.data.decode import Encoded
from winnow.data.vision import VOID, VisionSet, load_vision
from winnow.data.vision.pictures import resized
from winnow.supernet.scenes import LANDMARKS, Scenes, compose, write_scenes
from winnow.supernet.scenes.drawing import Placement, covers, pushed
from winnow.supernet.scenes.objects import landmarks, objects

SIZE = (32, 40)
PLACES = [
    ("classification", "image-folder"),
    ("segmentation", "cityscapes"),
    ("segmentation", "ade20k"),
    ("keypoints", "coco"),
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "cache"))


def written(folder: Path, task: str, layout: str, **options: Any) -> Path:
    return write_scenes(folder, task, layout, **{"train": 12, "test": 4, "size": SIZE, "seed": 3, **options})


def both(folder: Path, task: str, layout: str) -> tuple[VisionSet, Scenes]:
    """A set as it is loaded, and its test scenes as they were composed."""
    data = load_vision(written(folder, task, layout), task, size=SIZE, validation=2)
    return data, compose(task, "test", 4, SIZE, 3)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_classes_come_back_exactly(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "set", "classification", "image-folder", train=40, test=9, size=SIZE)
    data = load_vision(folder, "classification", size=SIZE, validation=2)
    made = compose("classification", "test", 9, SIZE, 0)
    order = np.argsort(made.digits, kind="stable")
    assert [int(data.classes[label]) for label in data.test.targets] == made.digits[order].tolist()
    assert np.array_equal(data.test.images.permute(0, 2, 3, 1).numpy(), made.images[order])


@pytest.mark.parametrize("layout", ["cityscapes", "ade20k"])
def test_masks_come_back_exactly(tmp_path: Path, layout: str) -> None:
    data, made = both(tmp_path / "set", "segmentation", layout)
    assert data.classes == ("ground", *(f"digit {number}" for number in range(10)))
    assert np.array_equal(data.test.targets.numpy(), made.labels)
    assert np.array_equal(data.test.images.permute(0, 2, 3, 1).numpy(), made.images)
    assert (len(data.train), len(data.validation)) == (10, 2)


def test_joints_come_back_exactly(tmp_path: Path) -> None:
    """Taken back from the crop to the canvas, every joint is where it was composed; a crop is cut from the scene."""
    data, made = both(tmp_path / "set", "keypoints", "coco")
    assert data.classes == LANDMARKS
    assert data.flip_pairs == ((2, 3),)
    scale = np.minimum(SIZE[1] / made.boxes[:, 2], SIZE[0] / made.boxes[:, 3]) / 1.25
    centre = made.boxes[:, :2] + made.boxes[:, 2:] / 2
    inside = (made.joints[..., :2] + 0.5 - centre[:, None]) * scale[:, None, None]
    expected = np.where(made.joints[..., 2:] > 0, inside + np.array([SIZE[1], SIZE[0]]) / 2 - 0.5, 0)
    assert data.test.targets[..., :2].numpy() == pytest.approx(expected, abs=1e-4)
    assert np.array_equal(data.test.targets[..., 2].numpy(), made.joints[..., 2])
    assert data.test.scales is not None
    assert data.test.scales.tolist() == pytest.approx(np.sqrt(made.areas) * scale, rel=1e-5)
    reach = np.array([SIZE[1], SIZE[0]]) / scale[:, None] / 2
    boxes = [[tuple(box)] for box in np.concatenate([centre - reach, centre + reach], axis=1)]
    images = sorted((tmp_path / "set" / "val2017").iterdir())
    crops, _ = resized([Encoded(path.name, path) for path in images], SIZE, boxes)
    assert np.abs(crops.astype(int) - data.test.images.numpy()).max() <= 1


@pytest.mark.parametrize(("task", "layout"), PLACES)
def test_the_same_seed_gives_the_same_files_and_another_does_not(tmp_path: Path, task: str, layout: str) -> None:
    first, again, other = (
        files(written(tmp_path / name, task, layout, seed=s)) for name, s in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert set(first.values()).isdisjoint(
        content for name, content in other.items() if name.endswith("leftImg8bit.png")
    )
    assert first != other


def test_a_larger_set_begins_with_a_smaller_one() -> None:
    few, many = (compose("segmentation", "train", count, SIZE, 5) for count in (3, 6))
    assert np.array_equal(few.images, many.images[:3])
    assert len(np.unique(many.images.reshape(6, -1), axis=0)) == 6


def test_train_and_test_are_made_of_different_digits() -> None:
    train, test = (objects(split).ink.reshape(-1, 64) for split in ("train", "test"))
    assert (len(train), len(test)) == (1437, 360)
    assert not {row.tobytes() for row in train} & {row.tobytes() for row in test}
    assert set(objects("test").labels.tolist()) == set(range(10))


def test_landmarks_are_the_extremes_of_the_upright_digit() -> None:
    ink = np.zeros((8, 8))
    ink[1, 2:5] = 1.0  # the top: the middle of three
    ink[1:7, 4] = 1.0
    ink[6, 6] = 0.9
    ink[7, 0] = 0.2  # too pale to count
    ink[4, 2] = 0.5  # as far to the left as the top is, and paler
    top, bottom, left, right, centre = landmarks(ink).tolist()
    assert top == [3, 1]
    assert bottom == [4, 6], "the darker of two strokes, and not the gap between them"
    assert left == [2, 1]
    assert right == [6, 6]
    part = np.where(ink >= 0.4, ink, 0)
    assert centre == pytest.approx([(part.sum(0) @ range(8)) / part.sum(), (part.sum(1) @ range(8)) / part.sum()])


@pytest.mark.parametrize("angle", [0.0, 0.5, -0.5])
@pytest.mark.parametrize("place", [(2.0, 5.0), (4.5, 1.0), (3.5, 3.5)])
def test_a_point_of_a_digit_is_drawn_where_it_is_pushed(angle: float, place: tuple[float, float]) -> None:
    ink = blob(8, 8, *place, spread=0.9)[None, ..., 0] / 250.0
    placed = Placement(np.array([[33.3, 27.8]]), np.array([30.0]), np.array([angle]))
    (point,) = pushed(np.array([[place]]), placed)[0]
    drawn = covers(ink, placed, (64, 64))[0]
    assert middle(drawn[None]) == pytest.approx(tuple(point), abs=0.25)


def test_a_turned_digit_turns_clockwise_about_its_middle() -> None:
    """In pixels y grows downwards: a quarter turn takes the right side to the bottom."""
    placed = Placement(np.array([[20.0, 10.0]]), np.array([16.0]), np.array([np.pi / 2]))
    assert pushed(np.array([[[5.5, 3.5], [3.5, 3.5]]]), placed)[0] == pytest.approx(
        np.array([[20.0, 14.0], [20.0, 10.0]])
    )


def test_visibility_tells_what_lies_over_a_joint() -> None:
    """A visible extreme lies at its digit, a hidden one at another; every kind occurs."""
    made = compose("keypoints", "train", 60, (48, 48), 0)
    flags = made.joints[..., 2]
    assert set(np.unique(flags)) == {0, 1, 2}
    assert (made.joints[flags == 0] == 0).all()
    wrong = 0
    for labels, digit, joints in zip(made.labels, made.digits, made.joints, strict=True):
        for x, y, seen in joints[:4]:
            if seen == 0:
                continue
            column, row = round(x), round(y)
            near = labels[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            # A hidden joint lies under the other digit, which may be of the same class.
            fits = bool(np.isin(near, [digit + 1, VOID]).any()) if seen == 2 else bool(near.any())
            wrong += not fits
    assert wrong == 0
    inside = made.joints[flags > 0][:, :2]
    assert inside.min() > -0.5
    assert inside.max() < 47.5


def test_scenes_hold_what_they_should() -> None:
    made = compose("segmentation", "train", 40, (48, 48), 0)
    counts = np.bincount(made.labels.ravel(), minlength=256)
    assert (counts[:11] > 0).all()
    assert set(np.flatnonzero(counts)) == {*range(11), VOID}
    assert 0.02 < counts[VOID] / counts.sum() < 0.12, "soft edges are narrow"
    digits = [len(set(np.unique(labels)) - {0, VOID}) for labels in made.labels]
    assert max(digits) >= 4
    assert len(set(compose("classification", "train", 40, (24, 24), 0).digits.tolist())) == 10


def test_brightness_does_not_tell_the_digits_from_the_ground() -> None:
    """The best threshold on any channel, either way round, finds the digits hardly better than all of it does."""
    made = compose("segmentation", "train", 60, (48, 48), 0)
    known = made.labels != VOID
    digit = (made.labels > 0) & known
    best = 0.0
    for channel in (*np.moveaxis(made.images, -1, 0), made.images.mean(-1)):
        for edge in range(16, 256, 16):
            for guess in ((channel >= edge) & known, (channel < edge) & known):
                best = max(best, (guess & digit).sum() / (guess | digit).sum())
    assert best < 0.3


def test_finding_all_digits_without_reading_them_scores_low() -> None:
    """The perfect outline of every digit, all told as the commonest: what a detector of the foreground could reach."""
    made = compose("segmentation", "test", 60, (48, 48), 0)
    known = made.labels != VOID
    digit = (made.labels > 0) & known
    commonest = 1 + np.bincount(made.labels[digit], minlength=11)[1:].argmax()
    guess = np.where(digit, commonest, 0)
    shares = []
    for number in range(11):
        truth, told = (made.labels == number) & known, (guess == number) & known
        shares.append((truth & told).sum() / (truth | told).sum())
    assert shares[0] == 1.0
    assert np.mean(shares) < 0.13


def test_another_layout_or_a_size_that_is_none_is_refused(tmp_path: Path) -> None:
    for wrong, where in [
        ({"task": "detection"}, "task"),
        ({"layout": "coco"}, "layout"),
        ({"layout": "nothing"}, "layout"),
        ({"size": 15}, "size"),
        ({"size": (64, 64, 3)}, "size"),
        ({"train": 0}, "train, test"),
    ]:
        options: Any = {"task": "segmentation", "layout": "ade20k", "train": 1, "test": 1, **wrong}
        with pytest.raises(WinnowError) as caught:
            write_scenes(tmp_path / "set", options.pop("task"), options.pop("layout"), **options)
        assert (caught.value.code, caught.value.where) == ("WN-C01", where)
    assert not (tmp_path / "set").exists()


def test_writing_again_replaces_what_was_there(tmp_path: Path) -> None:
    written(tmp_path / "set", "segmentation", "cityscapes", train=5)
    written(tmp_path / "set", "segmentation", "ade20k", train=2)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["annotations", "images", "objectInfo11.txt"]
    assert len(list((tmp_path / "set" / "images" / "training").iterdir())) == 2


def test_coco_is_written_as_coco_is_read_elsewhere(tmp_path: Path) -> None:
    folder = written(tmp_path / "set", "keypoints", "coco")
    told = json.loads((folder / "annotations" / "person_keypoints_train2017.json").read_text())
    assert told["categories"][0]["keypoints"] == list(LANDMARKS)
    assert all(first["id"] < second["id"] for first, second in pairwise(told["annotations"]))
    for annotation in told["annotations"]:
        assert len(annotation["keypoints"]) == 15
        assert annotation["num_keypoints"] == sum(flag > 0 for flag in annotation["keypoints"][2::3])
        left, top, width, height = annotation["bbox"]
        assert 0 <= left < left + width <= SIZE[1]
        assert 0 <= top < top + height <= SIZE[0]
        assert 0 < annotation["area"] <= width * height


def test_a_learner_gets_three_channels_of_a_size(tmp_path: Path) -> None:
    data, _ = both(tmp_path / "set", "segmentation", "cityscapes")
    assert data.train.images.shape == (10, 3, *SIZE)
    assert data.train.targets.dtype == torch.uint8
    assert 0.2 < float(data.mean.mean()) < 0.8


def test_plain_scenes_are_the_same_digits_brighter_than_their_ground():
    any_colours, plain = (compose("segmentation", "train", 6, (32, 32), 0, plain=plain) for plain in (False, True))
    assert np.array_equal(plain.digits[:1], any_colours.digits[:1])
    light = plain.images.astype(float).mean(-1)
    digits, ground = (light[plain.labels == label] for label in (plain.labels[plain.labels > 0][0], 0))
    assert digits.mean() > ground.mean() + 60
