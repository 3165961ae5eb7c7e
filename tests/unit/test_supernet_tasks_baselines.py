"""Tasks made from data sets, the answers that need no network, and what reports draw."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from winnow.core import WinnowError
from winnow.data.vision import VisionSet, VisionSplit
from winnow.supernet.tasks import (
    Classification,
    Keypoints,
    Segmentation,
    colour_of,
    legend,
    overlay,
    skeleton,
    task_for,
    trivial,
)

COCO_JOINTS = (
    "nose",
    *(f"{side}_{part}" for part in ("eye", "ear", "shoulder", "elbow") for side in ("left", "right")),
    *(f"{side}_{part}" for part in ("wrist", "hip", "knee", "ankle") for side in ("left", "right")),
)


def _set(task: str, classes: tuple[str, ...], targets: torch.Tensor, **more: object) -> VisionSet:
    """Train has the targets, validation the first half and test the second."""
    count = len(targets)
    images = torch.randint(0, 256, (count, 3, 6, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    whole = VisionSplit(images, targets)
    half = count // 2
    made = VisionSet(
        name="made",
        task=task,
        fingerprint="0" * 64,
        classes=classes,
        train=whole,
        validation=whole.take(slice(0, half)),
        test=whole.take(slice(half, count)),
        mean=torch.tensor([0.4, 0.5, 0.6]),
        deviation=torch.tensor([0.2, 0.25, 0.0]),
    )
    return replace(made, **more)  # pyright: ignore[reportArgumentType]


def test_the_task_of_a_data_set() -> None:
    labels = _set("classification", ("a", "b"), torch.tensor([0, 1, 1, 1]))
    masks = _set("segmentation", ("a", "b", "c"), torch.zeros(4, 6, 8, dtype=torch.uint8))
    joints = torch.ones(4, 2, 3)
    bodies = _set("keypoints", ("left", "right"), joints, flip_pairs=((0, 1),), sigmas=(0.1, 0.1), torso=(0, 1))
    first, second, third = task_for(labels, smoothing=0.2, flip=False), task_for(masks), task_for(bodies, sigma=1.0)
    assert isinstance(first, Classification)
    assert isinstance(second, Segmentation)
    assert isinstance(third, Keypoints)
    assert [task.metric for task in (first, second, third)] == ["accuracy", "miou", "pck"]
    assert [task.outputs for task in (first, second, third)] == [2, 3, 2]
    assert (first.smoothing, first.flip, second.smoothing, second.flip) == (0.2, False, 0.0, True)
    assert (third.size, third.sigma, third.flip) == ((6, 8), 1.0, True)
    image, _ = first.prepared(torch.full((1, 3, 6, 8), 255, dtype=torch.uint8), torch.zeros(1), None)
    torch.testing.assert_close(image[0, :, 0, 0], torch.tensor([0.6 / 0.2, 0.5 / 0.25, 0.4]))


def test_bodies_without_pairs_are_not_mirrored_unless_asked() -> None:
    bodies = _set("keypoints", ("top", "bottom"), torch.ones(4, 2, 3))
    assert not getattr(task_for(bodies), "flip", None)
    assert getattr(task_for(bodies, flip=True), "flip", None)
    with pytest.raises(WinnowError, match="WN-M02"):
        task_for(replace(bodies, task="captions"))


def test_the_majority_class() -> None:
    data = _set("classification", ("a", "b", "c"), torch.tensor([0, 1, 1, 1, 2, 1]))
    assert trivial(data) == pytest.approx({"accuracy": 2 / 3, "accuracy/b": 1.0, "accuracy/c": 0.0})
    assert trivial(data, "train")["accuracy"] == pytest.approx(4 / 6)
    with pytest.raises(WinnowError, match="WN-D06"):
        trivial(data, "dev")


def test_each_pixels_majority_class_and_a_perfect_foreground() -> None:
    """Left half sky in every image; the right half is road in three of four, and tree in the last."""
    masks = torch.zeros(4, 6, 8, dtype=torch.uint8)
    masks[:, :, 4:] = 1
    masks[3, :, 4:] = 2
    masks[:, 0, 0] = 255
    found = trivial(_set("segmentation", ("sky", "road", "tree"), masks))
    # Test holds the last two: of 24 + 24 pixels on the right half are road, tree; all of them are called road.
    assert found["iou/sky"] == 1.0
    assert found["iou/road"] == pytest.approx(0.5)
    assert found["iou/tree"] == 0.0
    assert found["miou"] == pytest.approx(0.5)
    assert found["miou_foreground"] == pytest.approx(0.5)
    assert found["miou_constant"] == pytest.approx((46 / 94) / 3)


def test_a_place_that_is_never_labelled_gets_the_most_common_class() -> None:
    masks = torch.full((2, 6, 8), 1, dtype=torch.uint8)
    masks[0] = 255
    data = _set("segmentation", ("a", "b"), masks)
    hidden = VisionSplit(data.train.images[:1], masks[:1])
    test = VisionSplit(data.train.images[:1], masks[1:])
    assert trivial(replace(data, train=test, test=test))["miou"] == 1.0
    with pytest.raises(WinnowError, match="WN-D02"):
        trivial(replace(data, test=hidden))


def test_the_mean_pose_counts_labelled_joints_only() -> None:
    joints = torch.tensor([[[1.0, 1.0, 2.0], [7.0, 5.0, 2.0]], [[3.0, 1.0, 1.0], [0.0, 0.0, 0.0]]])
    data = _set("keypoints", ("head", "foot"), joints)
    exact = torch.tensor([[[2.0, 1.0, 2.0], [7.0, 5.0, 2.0]]])
    test = VisionSplit(data.train.images[:1], exact)
    assert trivial(replace(data, test=test)) == pytest.approx(
        {"pck": 1.0, "pck_box": 1.0, "pck/head": 1.0, "pck/foot": 1.0}
    )
    # The pose is a pixel off in train itself, more than a tenth of the body's 6 pixels.
    assert trivial(data, "train")["pck/head"] == 0.0


def test_colours_are_distinct_and_ignored_pixels_keep_the_picture() -> None:
    assert len({colour_of(number) for number in range(24)}) == 24
    assert colour_of(24) == colour_of(0) == "#0072B2"
    image = torch.full((3, 2, 2), 100, dtype=torch.uint8)
    classes = torch.tensor([[0, 255], [0, 2]], dtype=torch.uint8)
    picture = overlay(image, classes, strength=1.0)
    assert picture.shape == (2, 2, 3)
    assert picture.dtype == torch.uint8
    assert picture[0, 0].tolist() == [0x00, 0x72, 0xB2]
    assert picture[0, 1].tolist() == [100, 100, 100]
    half = overlay(image, classes, strength=0.5)
    assert half[0, 0].tolist() == [50, 107, 139]
    assert [name for name, _ in legend(("a", "b", "c"))] == ["a", "b", "c"]
    assert legend(("a", "b", "c"), classes) == [("a", colour_of(0)), ("c", colour_of(2))]


def test_skeletons_join_the_same_limbs_under_every_spelling() -> None:
    coco = {frozenset((COCO_JOINTS[edge.first], COCO_JOINTS[edge.second])) for edge in skeleton(COCO_JOINTS)}
    for pair in (
        ("left_ankle", "left_knee"),
        ("left_hip", "right_hip"),
        ("nose", "right_eye"),
        ("left_ear", "left_eye"),
    ):
        assert frozenset(pair) in coco
    # COCO's own list has 19 lines; the one between the eyes is left out.
    assert len(coco) == 18
    lsp = [
        *(f"right {part}" for part in ("ankle", "knee", "hip")),
        *(f"left {part}" for part in ("hip", "knee", "ankle")),
        *(f"right {part}" for part in ("wrist", "elbow", "shoulder")),
        *(f"left {part}" for part in ("shoulder", "elbow", "wrist")),
        "neck",
        "head top",
    ]
    edges = skeleton(lsp)
    assert {number for edge in edges for number in edge[:2]} == set(range(14))
    colours = {edge.colour for edge in edges if "left" in lsp[edge.first] and "left" in lsp[edge.second]}
    assert len(colours) == 1


def test_joints_of_things_are_joined_to_their_centre() -> None:
    edges = skeleton(("left", "right", "top", "bottom", "centre"))
    assert [(edge.first, edge.second) for edge in edges] == [(4, 0), (4, 1), (4, 2), (4, 3)]
    assert len({edge.colour for edge in edges[:3]}) == 3
    assert skeleton(("a", "b")) == ()
