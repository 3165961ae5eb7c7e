"""The vector loops that every kernel is made of, against numpy, for every width of register."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numba import njit

from winnow.kernels import vectors
from winnow.kernels.vectors import sparse_products, sparse_row, transpose_tile

COUNTS = (0, 1, 2, 37)
GENERATOR = np.random.default_rng(0)


def row_function(width: int, relu: int, add: int) -> Callable[..., None]:
    @njit
    def function(count, offsets, values, base, start, extra, out):
        sparse_row(width, relu, add, count, offsets, values, base, start, extra, out)

    return function


def products_function(group: int, add: int) -> Callable[..., None]:
    @njit
    def function(repeats, vectors_, gradients, gradient_step, base, base_step, offsets, out):
        sparse_products(group, add, repeats, vectors_, gradients, gradient_step, base, base_step, offsets, out)

    return function


@njit
def transposed(source, source_step, numbers, target, target_step):
    transpose_tile(source, source_step, numbers, target, target_step)


@pytest.fixture(params=[4, 8, 16], ids=lambda lanes: f"{lanes} lanes")
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Every width of register; LLVM splits what this machine does not have."""
    monkeypatch.setattr(vectors, "LANES", request.param)
    return request.param


def normal(*shape: int) -> np.ndarray:
    return GENERATOR.standard_normal(shape).astype(np.float32)


def check_row(function: Callable[..., None], width: int, relu: int, add: int, count: int) -> None:
    # An odd base: strips need not be aligned.
    base, extra, out = normal(5 + 3000), normal(width), np.full(width + 2, 7, np.float32)
    offsets = GENERATOR.integers(-3, 2900, count).astype(np.int32)
    values, start = normal(count), np.float32(0.25)
    addresses = (offsets.ctypes.data, values.ctypes.data, base.ctypes.data + 20)
    function(count, *addresses, start, extra.ctypes.data, out.ctypes.data + 4)
    strips = np.array([base[5 + at : 5 + at + width] for at in offsets], dtype=np.float64).reshape(count, width)
    expected = start + values.astype(np.float64) @ strips + (extra if add else 0)
    np.testing.assert_allclose(out[1:-1], np.maximum(expected, 0) if relu else expected, rtol=1e-5, atol=1e-5)
    assert (out[0], out[-1]) == (7, 7)


@pytest.mark.parametrize(("width", "relu", "add"), list(itertools.product((8, 16, 32, 64), (0, 1), (0, 1))))
def test_a_row_sums_its_taps(width: int, relu: int, add: int) -> None:
    function = row_function(width, relu, add)
    for count in COUNTS:
        check_row(function, width, relu, add, count)


@pytest.mark.parametrize("width", [8, 64])
def test_a_row_sums_its_taps_on_every_machine(width: int, lanes: int) -> None:
    check_row(row_function(width, 1, 1), width, 1, 1, 37)


@pytest.mark.parametrize("relu", [0, 1])
def test_what_is_not_finite_passes_through_a_row_as_through_torch(relu: int) -> None:
    base = np.resize(np.array([np.nan, np.inf, -np.inf, -0.0, 1.0, -1.0], np.float32), 8)
    values, offsets, out = np.ones(1, np.float32), np.zeros(1, np.int32), np.zeros(8, np.float32)
    addresses = (offsets.ctypes.data, values.ctypes.data, base.ctypes.data)
    row_function(8, relu, 0)(1, *addresses, np.float32(0), 0, out.ctypes.data)
    expected = torch.relu(torch.from_numpy(base)) if relu else torch.from_numpy(base)
    torch.testing.assert_close(torch.from_numpy(out), expected, rtol=0, atol=0, equal_nan=True)


def check_products(group: int, add: int, width: int) -> None:
    function = products_function(group, add)
    for repeats, count in itertools.product((1, 3), (1, 2, 5)):
        size = count * width
        gradients, base = normal(repeats * (size + 3)), normal(6000)
        offsets = GENERATOR.integers(0, 4000, group).astype(np.int32)
        out = normal(group + 1)
        before = out.astype(np.float64)
        addresses = (gradients.ctypes.data, size + 3, base.ctypes.data, 170, offsets.ctypes.data, out.ctypes.data)
        function(repeats, count, *addresses)
        pieces = [gradients[r * (size + 3) :][:size].astype(np.float64) for r in range(repeats)]
        sums = [sum(g @ base[at + 170 * r :][:size] for r, g in enumerate(pieces)) for at in offsets]
        np.testing.assert_allclose(out[:group], np.array(sums) + add * before[:group], rtol=1e-4, atol=1e-4)
        assert out[group] == before[group]


@pytest.mark.parametrize(("group", "add"), list(itertools.product((1, 2, 4, 8), (0, 1))))
def test_products_of_a_group_are_folded_into_one_sum_each(group: int, add: int) -> None:
    check_products(group, add, vectors.LANES)


@pytest.mark.parametrize("group", [1, 8])
def test_products_are_folded_on_every_machine(group: int, lanes: int) -> None:
    check_products(group, 1, lanes)


def test_no_pieces_set_the_products_to_zero() -> None:
    offsets, out = np.zeros(8, np.int32), normal(8)
    products_function(8, 0)(0, 1, 0, 0, 0, 0, offsets.ctypes.data, out.ctypes.data)
    assert not out.any()


def test_what_is_not_a_number_stays_in_its_own_product() -> None:
    size = vectors.LANES
    gradients, base, out = np.ones(size, np.float32), np.ones(4 * size, np.float32), np.zeros(4, np.float32)
    base[size] = np.nan
    offsets = np.arange(4, dtype=np.int32) * size
    addresses = (gradients.ctypes.data, 0, base.ctypes.data, 0, offsets.ctypes.data, out.ctypes.data)
    products_function(4, 0)(1, 1, *addresses)
    assert np.isnan(out[1]) and (out[[0, 2, 3]] == size).all()


def test_a_tile_of_chosen_rows_is_transposed_and_nothing_beside_it() -> None:
    source, target = normal(20, 11), np.full((8, 13), 7, np.float32)
    numbers = np.array([3, 0, 19, 7, 7, 12, 1, 4])
    transposed(source.ctypes.data + 8, 11, numbers.ctypes.data, target.ctypes.data + 4, 13)
    assert np.array_equal(target[:, 1:9], source[numbers, 2:10].T)
    assert (target[:, 0] == 7).all() and (target[:, 9:] == 7).all()
