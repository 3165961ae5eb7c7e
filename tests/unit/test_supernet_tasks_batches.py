"""Batches of the three tasks: what is drawn together moves together, and a seed decides everything."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from winnow.supernet.tasks import Classification, Keypoints, Segmentation
from winnow.supernet.tasks.affine import mirror_order, move_joints, moves_of, swap_joints, warp, warp_ids
from winnow.supernet.tasks.bodies import Body
from winnow.supernet.tasks.chance import Chance
from winnow.supernet.tasks.pixels import Pixels, pixels_of
from winnow.supernet.tasks.shifting import shifted

PLAIN = Pixels((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
BODY = Body(("left", "right", "top"), pairs=((0, 1),))
CLASSES = ("sky", "road", "tree")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _images(count: int = 8, size: tuple[int, int] = (20, 26)) -> Tensor:
    return torch.randint(0, 256, (count, 3, *size), generator=_generator(5), dtype=torch.uint8)


def _moves(size: tuple[int, int], count: int = 1, **given: Any) -> Tensor:
    still: dict[str, Any] = {
        "scale": torch.ones(count),
        "angle": torch.zeros(count),
        "shift": torch.zeros(count, 2),
        "flipped": torch.zeros(count, dtype=torch.bool),
    }
    return moves_of(size, **{**still, **given})


def _cases() -> list[tuple[Any, Tensor]]:
    joints = torch.rand(8, 3, 3, generator=_generator(1)) * 19
    joints[:, :, 2] = 2
    return [
        (Classification(CLASSES, PLAIN), torch.arange(8) % 3),
        (Segmentation(CLASSES, PLAIN), torch.randint(0, 3, (8, 20, 26), generator=_generator(2), dtype=torch.uint8)),
        (Keypoints(BODY, PLAIN, (20, 26)), joints),
    ]


@pytest.mark.parametrize("case", range(3))
def test_the_generators_seed_decides_the_batch_and_evaluation_only_scales(case: int) -> None:
    task, targets = _cases()[case]
    images = _images()
    before = images.clone(), targets.clone()
    first, again = task.prepared(images, targets, _generator(3)), task.prepared(images, targets, _generator(3))
    other = task.prepared(images, targets, _generator(4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert first[1].dtype == targets.dtype
    assert first[0].dtype == torch.float32
    scaled, same = task.prepared(images, targets, None)
    assert torch.equal(scaled, images.float() / 255)
    assert torch.equal(same, targets)
    assert torch.equal(images, before[0]), "the data itself must not change"
    assert torch.equal(targets, before[1])


def test_pixels_become_mean_0_and_deviation_1() -> None:
    images = _images()
    scaled = images.float() / 255
    mean, deviation = scaled.mean((0, 2, 3)), scaled.std((0, 2, 3), correction=0)
    made = pixels_of(mean, deviation).apply(images)
    torch.testing.assert_close(made.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(made.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)
    assert pixels_of([0.5], [0.0]).apply(images[:, :1]).isfinite().all()


def _reflected_window(image: Tensor, down: int, right: int, flip: bool) -> Tensor:
    """One shifted image with reflected borders: torch's own padding, and a window."""
    reach = 3
    frame = torch.nn.functional.pad(image.float()[None], (reach,) * 4, mode="reflect")[0]
    height, width = image.shape[1:]
    window = frame[:, reach - down : reach - down + height, reach - right : reach - right + width]
    return (window.flip(2) if flip else window).to(image.dtype)


@pytest.mark.parametrize("flip", [True, False])
def test_every_shifted_image_is_a_window_of_its_reflected_frame(flip: bool) -> None:
    images = _images(64, (24, 30))
    made = shifted(images, Chance(_generator(), 64, images.device), share=1 / 8, flip=flip)
    seen = set()
    for image, moved in zip(images, made, strict=True):
        kinds = [
            (down, right, mirror)
            for down in range(-3, 4)
            for right in range(-3, 4)
            for mirror in ((False, True) if flip else (False,))
            if torch.equal(_reflected_window(image, down, right, mirror), moved)
        ]
        assert len(kinds) == 1
        seen.add(kinds[0])
    assert {down for down, _, _ in seen} == {right for _, right, _ in seen} == set(range(-3, 4))
    assert {mirror for _, _, mirror in seen} == ({False, True} if flip else {False})


def test_turning_the_flip_off_leaves_the_shifts_as_they_were() -> None:
    images = _images(32, (32, 32))
    plain = shifted(images, Chance(_generator(), 32, images.device), share=1 / 8, flip=False)
    mixed = shifted(images, Chance(_generator(), 32, images.device), share=1 / 8, flip=True)
    same = (plain == mixed).flatten(1).all(1)
    mirrored = (plain.flip(3) == mixed).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 0 < int(same.sum()) < 32


def test_a_still_move_changes_nothing_a_mirror_mirrors_and_twice_is_identity() -> None:
    images = torch.rand(2, 3, 7, 10, generator=_generator())
    ids = torch.randint(0, 9, (2, 7, 10), generator=_generator(), dtype=torch.uint8)
    mirror = _moves((7, 10), 2, flipped=torch.ones(2, dtype=torch.bool))
    torch.testing.assert_close(warp(images, _moves((7, 10), 2)), images)
    torch.testing.assert_close(warp(images, mirror), images.flip(3))
    torch.testing.assert_close(warp(warp(images, mirror), mirror), images)
    assert torch.equal(warp_ids(ids, mirror), ids.flip(2))
    joints = torch.tensor([[[0.0, 3.0, 2.0], [4.5, 0.0, 1.0]]]).expand(2, -1, -1)
    once = move_joints(joints, mirror, (7, 10))
    torch.testing.assert_close(once[0], torch.tensor([[9.0, 3.0, 2.0], [4.5, 0.0, 1.0]]))
    torch.testing.assert_close(move_joints(once, mirror, (7, 10)), joints)


def test_a_quarter_turn_is_clockwise_and_a_shift_goes_right_and_down() -> None:
    images = torch.rand(1, 2, 9, 9, generator=_generator())
    turned = warp(images, _moves((9, 9), angle=torch.tensor([math.pi / 2])))
    torch.testing.assert_close(turned, torch.rot90(images, -1, (2, 3)), atol=1e-5, rtol=0)
    right = warp(images, _moves((9, 9), shift=torch.tensor([[2.0, 1.0]])))
    torch.testing.assert_close(right[:, :, 1:, 2:], images[:, :, :-1, :-2], atol=1e-5, rtol=0)
    assert right[:, :, 0].abs().max() < 1e-4
    ids = torch.ones(1, 9, 9, dtype=torch.uint8)
    moved = warp_ids(ids, _moves((9, 9), shift=torch.tensor([[2.0, 1.0]])))[0]
    assert (moved[1:, 2:] == 1).all()
    assert (moved[0] == 255).all()
    assert (moved[:, :2] == 255).all()


def test_masks_move_with_their_images() -> None:
    """Deep inside a region of the mask the image has that region's colour, wherever both have gone."""
    masks = torch.zeros(32, 40, 48, dtype=torch.uint8)
    masks[:, 8:30, 5:25] = 1
    masks[:, 20:, 30:] = 2
    masks[:, :4] = 255
    colours = torch.tensor([40, 120, 250], dtype=torch.uint8)
    grey = torch.where(masks == 255, 0, colours[masks.long().clamp(max=2)])
    images = grey[:, None].expand(-1, 3, -1, -1).clone()
    made, moved = Segmentation(CLASSES, PLAIN).prepared(images, masks, _generator())
    assert not torch.equal(moved, masks)
    inner = torch.nn.functional
    for number, colour in enumerate(colours.tolist()):
        region = (moved == number).float()[:, None]
        deep = (-inner.max_pool2d(-inner.pad(region, (2, 2, 2, 2)), 5, 1) > 0)[:, 0]
        assert int(deep.sum()) > 500
        torch.testing.assert_close(made[:, 0][deep], torch.full_like(made[:, 0][deep], colour / 255), atol=1e-4, rtol=0)
    sizes = (moved == 1).sum((1, 2)) / 440
    assert sizes.min() < 0.75
    assert sizes.max() > 1.6, "scales between 0.75 and 1.5 change areas by 0.56 to 2.25"


def _blobs(joints: Tensor, size: tuple[int, int]) -> Tensor:
    """Images with joint k as a bright spot in channel k."""
    rows, columns = torch.arange(size[0])[:, None], torch.arange(size[1])
    squares = (columns - joints[:, :, 0, None, None]) ** 2 + (rows - joints[:, :, 1, None, None]) ** 2
    return (255 * torch.exp(-squares / 4.5)).round().to(torch.uint8)


@pytest.mark.parametrize("flip", [True, False])
def test_a_joint_stays_on_its_bright_pixel(flip: bool) -> None:
    size = (36, 44)
    places = torch.rand(64, 3, 2, generator=_generator(7)) * torch.tensor([43.0, 35.0])
    joints = torch.cat([places.round(), torch.full((64, 3, 1), 2.0)], 2)
    made, moved = Keypoints(BODY, PLAIN, size, flip=flip).prepared(_blobs(joints, size), joints, _generator())
    # A mirrored pair swaps, so spot 0 may now be under joint 1: each joint must lie on one of the pair's spots.
    brightest = made.flatten(2).argmax(2)
    spots = torch.stack([brightest % size[1], brightest // size[1]], 2).float()
    apart = (moved[:, :, None, :2] - spots[:, None]).norm(dim=3)
    inside = (
        (moved[:, :, 2] > 0) & (moved[:, :, 0] > 1) & (moved[:, :, 0] < 42) & (moved[:, :, 1].sub(17.5).abs() < 16.5)
    )
    own, swapped = apart.diagonal(dim1=1, dim2=2) <= 1, apart[:, [0, 1, 2], [1, 0, 2]] <= 1
    straight, mirrored = (own | ~inside).all(1), (swapped | ~inside).all(1)
    assert (straight | mirrored).all()
    assert straight.sum() > 15
    assert bool((mirrored & ~straight).any()) == flip
    assert int(inside.sum()) > 100
    gone = moved[:, :, 2] == 0
    assert 0 < int(gone.sum()) < 60
    off = (moved[:, :, 0] < -0.5) | (moved[:, :, 0] >= 43.5) | (moved[:, :, 1] < -0.5) | (moved[:, :, 1] >= 35.5)
    assert torch.equal(gone, off)


def test_joints_that_were_hidden_or_not_labelled_stay_so() -> None:
    joints = torch.tensor([[[10.0, 10.0, 0.0], [12.0, 12.0, 1.0], [11.0, 9.0, 2.0]]]).expand(16, -1, -1)
    images = torch.zeros(16, 3, 22, 22, dtype=torch.uint8)
    _, moved = Keypoints(BODY, PLAIN, (22, 22)).prepared(images, joints, _generator())
    kinds = {tuple(row) for row in moved[:, :, 2].tolist()}
    assert kinds == {(0.0, 1.0, 2.0), (1.0, 0.0, 2.0)}, "mirrored bodies have left where right was"


def test_swapping_twice_is_identity() -> None:
    order = mirror_order(5, ((0, 3), (1, 2)))
    assert order.tolist() == [3, 2, 1, 0, 4]
    values = torch.rand(4, 5, 3, generator=_generator())
    chosen = torch.tensor([True, False, True, False])
    once = swap_joints(values, order, chosen)
    assert torch.equal(once[0], values[0][order])
    assert torch.equal(once[1], values[1])
    assert torch.equal(swap_joints(once, order, chosen), values)


def test_without_augmentation_a_generator_changes_nothing() -> None:
    for task, targets in (
        (Classification(CLASSES, PLAIN, augment=False), torch.zeros(8, dtype=torch.int64)),
        (Segmentation(CLASSES, PLAIN, augment=False), torch.zeros(8, 20, 26, dtype=torch.uint8)),
        (Keypoints(BODY, PLAIN, (20, 26), augment=False), torch.rand(8, 3, 3)),
    ):
        made, same = task.prepared(_images(), targets, _generator())
        assert torch.equal(made, _images().float() / 255)
        assert torch.equal(same, targets)
