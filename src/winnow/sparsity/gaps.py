"""Positions as gaps: how far each non-zero is from the one before, in few bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# With one bit a gap is written in unary, which is a bitmap. Groups of codes fill whole bytes and one 64-bit word.
WIDTHS = (*range(1, 9), 10, 12, 14, 16)
Positions = NDArray[np.int64]
Bytes = NDArray[np.uint8]


def encode(positions: Positions) -> tuple[int, Bytes]:
    """The width in bits that takes the fewest bytes, and the codes of that width.

    A code below 2^width - 1 counts the zeros before the next non-zero; the highest code stands for that many zeros
    with no non-zero after them, and the gap goes on.

    Args:
        positions: int64 [n], ascending, from 0.

    Returns:
        The width, and uint8 codes of `packed_size(n + escapes, width)` bytes.
    """
    gaps = np.diff(positions, prepend=-1) - 1
    width = _narrowest(gaps)
    return width, _pack(_codes(gaps, width), width)


def decode(packed: Bytes, width: int, count: int) -> Positions:
    """The inverse of `encode`.

    Args:
        packed: uint8 codes.
        width: bits of a code.
        count: how many positions there are.

    Returns:
        int64 [count].

    Raises:
        ValueError: when the bytes hold fewer positions or the width is none of `WIDTHS`.
    """
    codes = _unpack(packed, width)
    highest = 2**width - 1
    ends = np.flatnonzero(codes != highest)[:count]
    if len(ends) < count:
        raise ValueError(f"{len(packed)} bytes hold {len(ends)} of {count} positions")
    escapes = np.diff(ends, prepend=-1) - 1
    return np.cumsum(escapes * highest + codes[ends] + 1) - 1


def packed_size(codes: int, width: int) -> int:
    """Bytes that so many codes take, the last group filled up."""
    return -(-codes // _group(width)) * _group(width) * width // 8


def _group(width: int) -> int:
    """How many codes are packed together: whole bytes, at most 64 bits."""
    return 8 if width <= 8 else 4


def _narrowest(gaps: Positions) -> int:
    """The width of the fewest bytes, from a histogram: there are far fewer lengths than gaps."""
    histogram = np.bincount(gaps)
    lengths = np.flatnonzero(histogram)
    counts = histogram[lengths]

    def size(width: int) -> int:
        escapes = int((lengths // (2**width - 1) * counts).sum())
        return packed_size(len(gaps) + escapes, width)

    return min(WIDTHS, key=size)


def _codes(gaps: Positions, width: int) -> NDArray[np.uint16]:
    highest = 2**width - 1
    escapes, last = np.divmod(gaps, highest)
    ends = np.cumsum(escapes + 1) - 1
    codes = np.full(len(gaps) + int(escapes.sum()), highest, np.uint16)
    codes[ends] = last
    return codes


def _pack(codes: NDArray[np.uint16], width: int) -> Bytes:
    group = _group(width)
    padded = np.pad(codes, (0, -len(codes) % group)).reshape(-1, group)
    words = np.zeros(len(padded), "<u8")
    for place in range(group):
        words |= padded[:, place].astype(np.uint64) << np.uint64(place * width)
    return np.ascontiguousarray(words.view(np.uint8).reshape(-1, 8)[:, : group * width // 8]).reshape(-1)


def _unpack(packed: Bytes, width: int) -> NDArray[np.uint16]:
    if width not in WIDTHS or len(packed) % (_group(width) * width // 8):
        raise ValueError(f"{len(packed)} bytes are no codes of {width} bits")
    group = _group(width)
    rows = packed.reshape(-1, group * width // 8)
    words = np.zeros((len(rows), 8), np.uint8)
    words[:, : rows.shape[1]] = rows
    words = words.view("<u8").reshape(-1)
    codes = np.empty((len(words), group), np.uint16)
    for place in range(group):
        codes[:, place] = (words >> np.uint64(place * width)) & np.uint64(2**width - 1)
    return codes.reshape(-1)
