"""Reading a support: what rescaling, noise and dense tuning do to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from winnow.signing.suspects.support import WAYS, largest, levelled, support, unknown, zeros


def layer(seed: int, density: float = 0.2) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    mask = generator.random((24, 16, 3, 3)) < density
    # Bounded away from 0, so that what is kept is never near the border.
    return np.sign(generator.normal(size=mask.shape)) * (0.5 + generator.random(mask.shape)), mask


def rescaled(weights: NDArray[np.float64], seed: int, spread: float) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    rows = np.exp(generator.uniform(-spread, spread, len(weights)))
    columns = np.exp(generator.uniform(-spread, spread, weights.shape[1]))
    return weights * rows[:, None, None, None] * columns[None, :, None, None]


@given(seed=st.integers(0, 30), spread=st.floats(0, 4))
def test_exact_zeros_are_found_through_any_rescaling(seed: int, spread: float) -> None:
    weights, mask = layer(seed)
    moved = rescaled(weights * mask, seed + 1, spread)
    np.testing.assert_array_equal(zeros(moved, 0, 1e-3), mask)
    np.testing.assert_array_equal(largest(moved, int(mask.sum()), 1e-3), mask)


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_the_largest_are_found_under_dense_noise_and_rescaling(spread: float) -> None:
    weights, mask = layer(3)
    noisy = weights * mask + 0.03 * np.random.default_rng(5).normal(size=mask.shape)
    moved = rescaled(noisy, 6, spread)
    found = largest(moved, int(mask.sum()), 1e-3)
    assert found.sum() == mask.sum()
    assert (found & mask).sum() >= 0.99 * mask.sum()
    # The raw sizes of a rescaled layer would not do.
    border = np.sort(np.abs(moved).reshape(-1))[-int(mask.sum())]
    raw = (np.abs(moved) >= border) & mask
    assert (raw.sum() < 0.9 * mask.sum()) == (spread > 0)


def test_dead_channels_full_of_noise_hide_little() -> None:
    weights, mask = layer(4)
    mask[:4] = False
    noisy = weights * mask + 0.01 * np.random.default_rng(5).normal(size=mask.shape)
    assert (largest(noisy, int(mask.sum()), 1e-3) & mask).sum() >= 0.99 * mask.sum()


@pytest.mark.parametrize("noise", [1e-30, 1e-6])
def test_tiny_values_in_place_of_zeros_count_as_none(noise: float) -> None:
    weights, mask = layer(5)
    np.testing.assert_array_equal(zeros(np.where(mask, weights, noise), 0, 1e-3), mask)


def test_equal_sizes_at_the_border_are_left_out_together() -> None:
    weights = np.ones((4, 4))
    assert not largest(weights, 7, 0).any()
    assert largest(weights, 16, 0).all()
    assert not largest(weights, 0, 0).any()


def test_fewer_weights_than_the_claim_keeps_are_all_taken() -> None:
    weights, mask = layer(6, density=0.1)
    np.testing.assert_array_equal(largest(weights * mask, 3 * int(mask.sum()), 0), mask)


def test_levelling_evens_out_rows_and_columns() -> None:
    weights, _ = layer(7)
    even = levelled(rescaled(weights, 8, 1.0))
    for axes in ((1, 2, 3), (0, 2, 3)):
        scales = np.sqrt((even**2).mean(axis=axes))
        assert scales.max() / scales.min() < 1.01


@pytest.mark.parametrize(
    "weights",
    [
        np.zeros((3, 4)),
        np.zeros((0, 4)),
        np.full((3, 4), np.nan),
        np.full((3, 4), np.inf),
        np.full((3, 4), 1e308),
        np.full((3, 4), 5e-324),
        np.array(3.0),
        np.arange(5.0),
        np.eye(4, dtype=bool),
        np.full((2, 2), -128, np.int8),
        np.full((3, 4), 65504, np.float16),
    ],
)
def test_odd_layers_are_read_without_a_warning(weights: NDArray[np.float64]) -> None:
    for way in WAYS:
        assert support({"a": weights}, {"a": 2}, 1e-3, way)["a"].shape == weights.shape


def test_what_is_no_finite_number_is_counted_and_read_as_absent() -> None:
    weights, mask = layer(9)
    broken = weights * mask
    broken[0, 0, 0, :2] = np.nan, np.inf
    assert unknown({"a": broken, "b": weights}, ["a", "b"]) == {"a": 2}
    mask[0, 0, 0, :2] = False
    np.testing.assert_array_equal(zeros(broken, 0, 1e-3), mask)
