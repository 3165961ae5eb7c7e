"""Which weights of a layer are stored, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winnow.kernels.layout import STRIP

# Inputs of so many columns (64 floats each) just fill a first-level cache of 32 KiB.
_CACHED_COLUMNS = 128
# Where a row has fewer weights in a block than this, blocks cost more than the cache gives (measured: near 8 %).
_LEAST_PER_BLOCK = 10


@dataclass(frozen=True)
class Pattern:
    """The stored weights of a matrix [rows, columns]: block of columns by block, row by row, column by column.

    Args:
        rows: outputs.
        columns: inputs.
        blocks: how many blocks the columns are cut into.
        starts: int32 [blocks * rows + 1]: where each row of each block begins.
        row: int32 [stored].
        column: int32 [stored].
    """

    rows: int
    columns: int
    blocks: int
    starts: np.ndarray
    row: np.ndarray
    column: np.ndarray

    @property
    def stored(self) -> int:
        """How many weights are stored."""
        return len(self.row)

    @property
    def positions(self) -> np.ndarray:
        """int64 [stored]: where each stored weight stands in the dense matrix, row-major."""
        return self.row.astype(np.int64) * self.columns + self.column

    def for_strips(self, width: int) -> tuple[Pattern, np.ndarray]:
        """The same weights for strips of another width: narrower ones fit the cache in larger blocks of columns.

        Returns:
            The pattern, and the place of each of its weights in this one (int32).
        """
        return ordered(self.rows, self.columns, self.row, self.column, np.arange(self.stored), width)

    def transposed(self) -> tuple[Pattern, np.ndarray]:
        """The pattern of the transposed matrix, and the place of each of its weights in this pattern (int32)."""
        return ordered(self.columns, self.rows, self.column, self.row, np.arange(self.stored))


def pattern_of(mask: np.ndarray) -> Pattern:
    """The pattern of a boolean matrix [rows, columns]."""
    row, column = np.nonzero(mask)
    return ordered(mask.shape[0], mask.shape[1], row, column, np.arange(len(row)))[0]


def ordered(
    rows: int, columns: int, row: np.ndarray, column: np.ndarray, places: np.ndarray, width: int = STRIP
) -> tuple[Pattern, np.ndarray]:
    """Stored weights (row, column) in the order that `Pattern` tells; `places` is put in the same order (int32)."""
    size = _block_columns(rows, columns, len(row), width)
    blocks = -(-columns // size)
    block = column // size
    order = np.lexsort((column, row, block))
    counts = np.bincount(block * rows + row, minlength=blocks * rows)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    pattern = Pattern(rows, columns, blocks, starts, row[order].astype(np.int32), column[order].astype(np.int32))
    return pattern, places[order].astype(np.int32)


def _block_columns(rows: int, columns: int, stored: int, width: int) -> int:
    """Columns of a block: few enough for the cache where the rows are dense enough for it."""
    cached = _CACHED_COLUMNS * STRIP // width
    per_block = stored / max(rows * columns, 1) * cached
    if 2 * columns <= 3 * cached or per_block < _LEAST_PER_BLOCK:
        return max(columns, 1)
    return -(-columns // -(-columns // cached))
