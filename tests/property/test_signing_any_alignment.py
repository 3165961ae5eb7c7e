"""What holds of every alignment: the order of a suspect's channels, their scales and signs do not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from signing_networks import RESIDUAL_AXES, RESIDUAL_SHAPES, disguised, rectangles, reference
from winnow.signing.alignment.alignment import align
from winnow.signing.alignment.features import as_grid, equalised, from_grid


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.0, 0.25, 0.4]), known=st.booleans())
def test_any_disguise_of_a_copy_is_undone(seed: int, share: float, known: bool) -> None:
    rng = np.random.default_rng(seed)
    masks, weights = reference(RESIDUAL_SHAPES, 0.3, rng)
    suspect, _ = disguised(weights, RESIDUAL_AXES, rng)
    keyed = rectangles(RESIDUAL_SHAPES, share, rng)
    found = align(suspect, RESIDUAL_SHAPES, masks, keyed, RESIDUAL_AXES, weights if known else None)
    stray = sum(int(((found.tensors[name] != 0) != mask).sum()) for name, mask in masks.items())
    assert stray <= 0.01 * sum(int(mask.sum()) for mask in masks.values())


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_channel_is_used_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks, _ = reference(RESIDUAL_SHAPES, 0.3, rng)
    _, other = reference(RESIDUAL_SHAPES, 0.3, rng)
    found = align(other, RESIDUAL_SHAPES, masks, {}, RESIDUAL_AXES)
    for name, tensor in found.tensors.items():
        assert_allclose(np.sort(tensor, axis=None), np.sort(other[name], axis=None).astype(tensor.dtype))


@settings(max_examples=50, deadline=None)
@given(
    rows=st.integers(1, 5),
    columns=st.integers(1, 5),
    repeats=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    kernel=st.sampled_from([(), (3,), (3, 2)]),
)
def test_a_grid_is_the_tensor_anew(rows: int, columns: int, repeats: tuple[int, int], kernel: tuple[int, ...]) -> None:
    shape = (rows * repeats[0], columns * repeats[1], *kernel)
    tensor = np.arange(np.prod(shape)).reshape(shape)
    grid = as_grid(tensor, repeats)
    assert grid.shape[:2] == (rows, columns)
    assert np.array_equal(from_grid(grid, repeats, shape), tensor)
    assert np.array_equal(np.sort(grid[0, 0]), np.sort(tensor[: repeats[0], : repeats[1]], axis=None))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_equalised_sizes_forget_scales_and_signs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((6, 7, 4)) * (rng.random((6, 7, 4)) < 0.6)
    scales = np.exp(rng.standard_normal((6, 1, 1))) * np.exp(rng.standard_normal((1, 7, 1)))
    signs = rng.choice([-1.0, 1.0], (6, 7, 4))
    one, other = equalised(weights), equalised(weights * scales * signs)
    assert_allclose(other, one, rtol=0.2, atol=0.02)
