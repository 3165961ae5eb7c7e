"""Patterns: every stored weight once, in the order that the kernels walk."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from winnow.kernels.pattern import Pattern, ordered, pattern_of

MASKS = {
    "empty": (5, 7, 0.0),
    "one weight": (1, 1, 1.0),
    "one row": (1, 300, 0.5),
    "one column": (300, 1, 0.5),
    "sparse": (30, 700, 0.02),
    "in blocks of columns": (30, 700, 0.4),
    "dense": (12, 400, 1.0),
}


def mask_of(rows: int, columns: int, density: float) -> np.ndarray:
    return np.random.default_rng(rows + columns).random((rows, columns)) < density


@pytest.fixture(params=MASKS, ids=str)
def mask(request: pytest.FixtureRequest) -> np.ndarray:
    return mask_of(*MASKS[request.param])


def test_the_positions_are_those_of_the_mask(mask: np.ndarray) -> None:
    pattern = pattern_of(mask)
    assert np.array_equal(np.sort(pattern.positions), np.flatnonzero(mask))
    assert pattern.stored == len(pattern.column) == mask.sum()
    assert (pattern.rows, pattern.columns) == mask.shape


def test_weights_stand_block_by_block_row_by_row_column_by_column(mask: np.ndarray) -> None:
    pattern = pattern_of(mask)
    ends = [columns.max(initial=-1) for columns in columns_by_block(pattern)]
    begins = [columns.min(initial=mask.shape[1]) for columns in columns_by_block(pattern)]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))
    block = np.repeat(np.arange(pattern.blocks), [len(columns) for columns in columns_by_block(pattern)])
    keys = list(zip(block.tolist(), pattern.row.tolist(), pattern.column.tolist(), strict=True))
    assert keys == sorted(keys)


def columns_by_block(pattern: Pattern) -> list[np.ndarray]:
    edges = pattern.starts[:: pattern.rows]
    return [pattern.column[a:b] for a, b in itertools.pairwise(edges)]


def test_starts_tell_where_each_row_of_each_block_lies(mask: np.ndarray) -> None:
    pattern = pattern_of(mask)
    assert pattern.starts.dtype == np.int32
    assert len(pattern.starts) == pattern.blocks * pattern.rows + 1
    assert (pattern.starts[0], pattern.starts[-1]) == (0, pattern.stored)
    counts = np.diff(pattern.starts)
    assert (counts >= 0).all()
    assert np.array_equal(pattern.row, np.tile(np.arange(pattern.rows), pattern.blocks).repeat(counts))


def test_wide_rows_are_cut_into_blocks_of_columns_where_they_are_dense() -> None:
    assert pattern_of(mask_of(30, 700, 0.4)).blocks > 1
    assert pattern_of(mask_of(30, 700, 0.02)).blocks == 1
    assert pattern_of(mask_of(30, 100, 1.0)).blocks == 1


def test_the_transposed_pattern_holds_the_same_weights(mask: np.ndarray) -> None:
    pattern = pattern_of(mask)
    other, places = pattern.transposed()
    assert (other.rows, other.columns, other.stored) == (pattern.columns, pattern.rows, pattern.stored)
    assert np.array_equal(np.sort(places), np.arange(pattern.stored))
    assert np.array_equal(other.row, pattern.column[places])
    assert np.array_equal(other.column, pattern.row[places])
    assert np.array_equal(np.sort(other.positions), np.flatnonzero(mask.T))


def test_transposed_twice_is_the_same(mask: np.ndarray) -> None:
    pattern = pattern_of(mask)
    once, places = pattern.transposed()
    twice, back = once.transposed()
    assert np.array_equal(places[back], np.arange(pattern.stored))
    for name in ("rows", "columns", "blocks"):
        assert getattr(twice, name) == getattr(pattern, name)
    for name in ("starts", "row", "column"):
        assert np.array_equal(getattr(twice, name), getattr(pattern, name))


def test_what_stands_beside_the_weights_is_put_in_the_same_order() -> None:
    row, column = np.array([1, 0, 1, 0]), np.array([2, 1, 0, 0])
    pattern, places = ordered(2, 3, row, column, np.array([10, 20, 30, 40]))
    assert pattern.positions.tolist() == [0, 1, 3, 5]
    assert places.tolist() == [40, 20, 30, 10]
