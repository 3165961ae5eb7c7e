"""Layouts: where each number of a batch lies, and the way in and out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from sparse_cases import by_image, has_clean_border, packed_into, placed, run
from winnow.kernels.elementwise import unpack_call
from winnow.kernels.layout import Batch, Buffer, Layout, batch_of, buffer

pytestmark = pytest.mark.usefixtures("one_thread")
BATCHES = (1, 7, 8, 9, 20, 60, 64, 100, 128, 130)
PLANES = ((1, 1, 1), (3, 1, 1), (20, 1, 1), (3, 5, 7), (2, 8, 8), (1, 16, 9))


@pytest.mark.parametrize("smallest", [8, 16, 64])
def test_blocks_hold_all_images_and_little_else(smallest: int) -> None:
    for images in range(1, 300):
        batch = batch_of(images, smallest)
        held = batch.blocks * batch.block
        assert batch.images == images <= held < images + batch.block
        assert batch.block in (8, 16, 32, 64)
        assert batch.block >= smallest
        least = -(-images // smallest) * smallest
        assert held <= max(least, 1.15 * images)


def test_longer_blocks_are_preferred_where_they_fit() -> None:
    blocks = {images: batch_of(images).block for images in (1, 8, 16, 32, 64, 128, 60, 20)}
    assert blocks == {1: 8, 8: 8, 16: 16, 32: 32, 64: 64, 128: 64, 60: 64, 20: 8}


@pytest.mark.parametrize("halo", [0, 1, 3])
@pytest.mark.parametrize("shape", PLANES, ids=str)
def test_steps_are_those_of_a_contiguous_tensor(shape: tuple[int, int, int], halo: int) -> None:
    channels, height, width = shape
    layout = Layout(*shape, Batch(20, 8), halo)
    whole = torch.empty(3, channels, height + 2 * halo, width + 2 * halo, 8)
    assert (layout.strip, layout.plane, layout.line, layout.pixel, 1) == whole.stride()
    assert layout.zeros().numel() == whole.numel()
    assert layout.origin == whole[0, 0, halo, halo].storage_offset()
    assert layout.features == channels * height * width


@pytest.mark.parametrize("halo", [0, 2])
def test_places_are_where_channels_and_features_begin(halo: int) -> None:
    held = buffer(Layout(3, 4, 5, Batch(6, 8), halo))
    numbers = torch.arange(60.0).view(1, 3, 4, 5).expand(6, -1, -1, -1)
    filled = placed(numbers, held.layout).flat[held.layout.origin :]
    assert filled[torch.from_numpy(held.feature_places).long()].tolist() == list(range(60))
    assert filled[torch.from_numpy(held.channel_places).long()].tolist() == [0, 20, 40]
    assert held.feature_places.dtype == held.channel_places.dtype == np.int32
    assert held.address == held.flat[held.layout.origin :].data_ptr()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("images", "shape"), list(itertools.product(BATCHES, PLANES)), ids=str)
def test_packed_images_come_back(images: int, shape: tuple[int, int, int], threads: int) -> None:
    x = torch.randn(images, *shape)
    for halo in (0, 2) if shape[1] > 1 else (0,):
        held = buffer(Layout(*shape, batch_of(images), halo))
        packed_into(held, x, threads=threads)
        assert torch.equal(held.images(), x)
        assert torch.equal(held.flat, placed(x, held.layout).flat)
        assert has_clean_border(held)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", PLANES, ids=str)
def test_images_are_packed_by_their_numbers(shape: tuple[int, int, int], threads: int) -> None:
    for images in BATCHES:
        x, numbers = torch.randn(40, *shape), torch.randint(0, 40, (images,))
        held = buffer(Layout(*shape, batch_of(images), 1))
        packed_into(held, x, numbers, threads=threads)
        assert torch.equal(held.images(), x[numbers])
        assert has_clean_border(held)


def test_packing_fewer_images_leaves_the_other_places_as_they_are() -> None:
    for halo in (0, 1):
        held = placed(torch.ones(20, 2, 3, 3), Layout(2, 3, 3, Batch(20, 8), halo), empty=1)
        few = torch.randn(5, 2, 3, 3)
        packed_into(held, few)
        assert torch.equal(by_image(held)[:5], few)
        assert (by_image(held)[5:] == 1).all()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(10, 1, 1), (2, 3, 3)])
def test_outputs_are_unpacked_image_by_image(shape: tuple[int, int, int], threads: int) -> None:
    for images in BATCHES:
        x = torch.randn(images, *shape)
        features = torch.empty(images, x[0].numel())
        run(unpack_call(placed(x, Layout(*shape, batch_of(images)), empty=7), features), threads=threads)
        assert torch.equal(features, x.flatten(1))


def test_images_are_copied() -> None:
    layout = Layout(2, 3, 3, Batch(3, 8))
    held = Buffer(torch.zeros(layout.strip), layout)
    held.images().fill_(1)
    assert not held.flat.any()
