"""Augmentation: each image comes out as one of its own crops, flipped or not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from winnow.data import augment

FILL = torch.tensor([-1.0, -2.0])


def images(count: int = 64) -> Tensor:
    return torch.arange(count * 2 * 5 * 6, dtype=torch.float32).reshape(count, 2, 5, 6)


def crops(image: Tensor, pad: int) -> list[tuple[Tensor, bool, int, int]]:
    """Every padded crop of one image [C, H, W], plain and flipped: the slow, obvious way."""
    channels, height, width = image.shape
    frame = torch.stack([functional.pad(image[c], (pad,) * 4, value=float(FILL[c])) for c in range(channels)])
    return [
        (window.flip(-1) if flip else window, flip, top, left)
        for top in range(2 * pad + 1)
        for left in range(2 * pad + 1)
        for window in (frame[:, top : top + height, left : left + width],)
        for flip in (False, True)
    ]


def test_nothing_asked_for_changes_nothing() -> None:
    assert torch.equal(augment(images(), seed=1, flip=False, pad=0, fill=FILL), images())


@pytest.mark.parametrize(("flip", "pad"), [(True, 0), (False, 2), (True, 2)])
def test_every_image_becomes_one_of_its_crops_and_all_kinds_occur(flip: bool, pad: int) -> None:
    seen: set[tuple[bool, int, int]] = set()
    for seed in range(8):
        for image, made in zip(images(), augment(images(), seed=seed, flip=flip, pad=pad, fill=FILL), strict=True):
            matches = [kind for window, *kind in crops(image, pad) if torch.equal(window, made)]
            assert len(matches) == 1
            flipped, top, left = matches[0]
            seen.add((bool(flipped), int(top), int(left)))
    assert {kind[0] for kind in seen} == ({False, True} if flip else {False})
    assert {kind[1:] for kind in seen} == {(t, c) for t in range(2 * pad + 1) for c in range(2 * pad + 1)}


def test_half_of_the_images_are_flipped() -> None:
    many = images(2000)
    made = augment(many, seed=0, flip=True, pad=0, fill=FILL)
    flipped = (made != many).flatten(1).any(1).float().mean()
    assert 0.45 < float(flipped) < 0.55


def test_a_seed_repeats_and_another_differs() -> None:
    first, again, other = (augment(images(), seed=s, flip=True, pad=2, fill=FILL) for s in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_shift_does_not_depend_on_whether_images_are_flipped() -> None:
    plain = augment(images(), seed=3, flip=False, pad=2, fill=FILL)
    both = augment(images(), seed=3, flip=True, pad=2, fill=FILL)
    same = (plain == both).flatten(1).all(1)
    rows = (plain == FILL[:, None, None]).all(3)
    assert 0 < int(same.sum()) < len(same)
    assert torch.equal(rows, (both == FILL[:, None, None]).all(3))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    augment(images(), seed=3, flip=True, pad=2, fill=FILL)
    assert torch.equal(before, torch.get_rng_state())


def test_the_input_is_left_alone() -> None:
    given = images()
    made = augment(given, seed=3, flip=True, pad=2, fill=FILL)
    made.zero_()
    assert torch.equal(given, images())
