"""The public part of a QR symbol: modules that are the same whatever the symbol says (ISO/IEC 18004:2015, section 6.3).

Finder, separators, timing, alignment, the dark module, format information and version information, computed for
versions 1 to 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError

VERSIONS = range(1, 11)
LEVELS = "LMQH"
MASKS = range(8)

_LEVEL_BITS = {"L": 0b01, "M": 0b00, "Q": 0b11, "H": 0b10}
_FORMAT_GENERATOR, _FORMAT_MASK, _VERSION_GENERATOR = 0b10100110111, 0b101010000010010, 0b1111100100101
_TIMING = 6  # the row and the column of the timing pattern
_SETTLED, _DARK = 0, 1  # the two planes of a drawing: whether a module is public, and whether it is dark

Grid = NDArray[np.bool_]


@dataclass(frozen=True)
class Format:
    """What a reader may know in advance of a symbol: a public choice, no secret.

    Args:
        version: 1 to 10; a symbol has 17 + 4 * version modules a side.
        level: of error correction, "L", "M", "Q" or "H".
        mask: 0 to 7, the data mask.

    Raises:
        WinnowError: WN-O06 for any other.
    """

    version: int
    level: str
    mask: int

    def __post_init__(self) -> None:
        if self.version not in VERSIONS or self.level not in tuple(LEVELS) or self.mask not in MASKS:
            told = f"no QR symbol of version {self.version}, level {self.level}, mask {self.mask} is known here"
            raise WinnowError("WN-O06", told, fix="Versions are 1 to 10, levels L, M, Q and H, masks 0 to 7.")

    @property
    def size(self) -> int:
        """Modules a side."""
        return 17 + 4 * self.version

    @property
    def public(self) -> Grid:
        """[size, size], True at function, format and version modules; the rest carries data."""
        return _drawn(self)[_SETTLED]

    @property
    def dark(self) -> Grid:
        """[size, size], the colour of the public modules, True for dark; False at data modules."""
        return _drawn(self)[_DARK]


def formats(version: int) -> list[Format]:
    """Every level and mask of a version: 32 formats, level H, the one of the paper, first."""
    return [Format(version, level, mask) for level in reversed(LEVELS) for mask in MASKS]


def _drawn(chosen: Format) -> NDArray[np.bool_]:
    planes = np.zeros((2, chosen.size, chosen.size), bool)
    _draw_timing(planes)
    for row, column in ((0, 0), (0, chosen.size - 7), (chosen.size - 7, 0)):
        _draw_finder(planes, row, column)
    _draw_alignment(planes, chosen.version)
    _draw_format(planes, _format_bits(chosen))
    if chosen.version >= 7:
        _draw_version(planes, chosen.version)
    return planes


def _set(planes: NDArray[np.bool_], row: int, column: int, is_dark: bool) -> None:
    planes[_SETTLED, row, column], planes[_DARK, row, column] = True, is_dark


def _draw_timing(planes: NDArray[np.bool_]) -> None:
    """Row 6 and column 6, dark at even places; finders are drawn over their ends."""
    for place in range(planes.shape[1]):
        _set(planes, _TIMING, place, place % 2 == 0)
        _set(planes, place, _TIMING, place % 2 == 0)


def _draw_finder(planes: NDArray[np.bool_], top: int, left: int) -> None:
    """7 x 7: a dark ring, a light ring, a dark middle of 3 x 3; and a light separator around it."""
    size = planes.shape[1]
    for row in range(max(top - 1, 0), min(top + 8, size)):
        for column in range(max(left - 1, 0), min(left + 8, size)):
            _set(planes, row, column, max(abs(row - top - 3), abs(column - left - 3)) in (0, 1, 3))


def alignment_centres(version: int) -> list[int]:
    """Rows, and as well columns, of the middles of alignment patterns; version 1 has none (Annex E).

    From 6 to size - 7, spaced evenly by the least even step; what does not divide is between the first two.
    """
    if version == 1:
        return []
    gaps, last = version // 7 + 1, 4 * version + 10
    step = 2 * -(-(last - 6) // (2 * gaps))
    return [6, *(last - step * left for left in range(gaps - 1, -1, -1))]


def _draw_alignment(planes: NDArray[np.bool_], version: int) -> None:
    """5 x 5, a dark ring and a dark middle, wherever no finder is in the way."""
    centres = alignment_centres(version)
    corners = {(6, 6), (6, 4 * version + 10), (4 * version + 10, 6)}
    for middle in [(row, column) for row in centres for column in centres if (row, column) not in corners]:
        for down in range(-2, 3):
            for right in range(-2, 3):
                _set(planes, middle[0] + down, middle[1] + right, max(abs(down), abs(right)) != 1)


def _remainder(value: int, generator: int, length: int) -> int:
    """The value with the check bits of a binary cyclic code behind it, `length` of them (Annexes C and D)."""
    rest = value << length
    for place in range(rest.bit_length() - 1, length - 1, -1):
        if rest >> place & 1:
            rest ^= generator << (place - length)
    return value << length | rest


def _format_bits(chosen: Format) -> int:
    """15 bits: level and mask in a BCH(15, 5) code word, under the fixed mask of the standard."""
    return _remainder(_LEVEL_BITS[chosen.level] << 3 | chosen.mask, _FORMAT_GENERATOR, 10) ^ _FORMAT_MASK


def _draw_format(planes: NDArray[np.bool_], bits: int) -> None:
    """Twice 15 modules beside the finders, the most significant bit first, and the dark module (section 7.9)."""
    size = planes.shape[1]
    along = [0, 1, 2, 3, 4, 5, 7, 8]  # the timing pattern is passed over
    beside = [(8, column) for column in along] + [(row, 8) for row in reversed(along[:-1])]
    other = [(size - 1 - down, 8) for down in range(7)] + [(8, size - 8 + right) for right in range(8)]
    for number in range(15):
        is_dark = bool(bits >> (14 - number) & 1)
        _set(planes, *beside[number], is_dark)
        _set(planes, *other[number], is_dark)
    _set(planes, size - 8, 8, True)


def _draw_version(planes: NDArray[np.bool_], version: int) -> None:
    """18 bits in a Golay code word, twice: 6 x 3 left of the upper right finder, and its mirror image (7.10)."""
    bits, size = _remainder(version, _VERSION_GENERATOR, 12), planes.shape[1]
    for number in range(18):
        far, near = size - 11 + number % 3, number // 3
        _set(planes, far, near, bool(bits >> number & 1))
        _set(planes, near, far, bool(bits >> number & 1))
