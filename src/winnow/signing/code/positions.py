"""Where the bits of a mark sit: rectangles of weights, drawn under the key.

A bit compares two sets of positions, `first` and `second`, inside one layer. They come in rectangles: the corners of
one diagonal go to `first`, those of the other to `second`, so that a row or a column that is denser than others adds
as much to both. Innocent networks share such rows and columns (dead units, pixels at the border), and without the
rectangles a mark would read them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.signing.code.board import Board
from winnow.signing.code.layout import Layout
from winnow.signing.code.stream import KeyStream

_SPARE = 8
_ROUNDS = 20_000
Corners = NDArray[np.int64]


@dataclass(frozen=True)
class Positions:
    """Positions of all bits.

    Attributes:
        layout: the layout that they were drawn for.
        corners: int64 [rectangles, 4], flat indices into all keyed layers laid end to end; the first two corners of a
            rectangle count for its bit, the others against. The rectangles of a bit stand together, in the bits' order.
    """

    layout: Layout
    corners: Corners

    @cached_property
    def first(self) -> dict[str, Corners]:
        """By layer, flat indices into its tensor [bits, width]; layers without bits are left out."""
        return self._side(0)

    @cached_property
    def second(self) -> dict[str, Corners]:
        """The same for the set that counts against."""
        return self._side(2)

    def blanked(self) -> dict[str, np.ndarray]:
        """By layer, booleans of the layer's shape: True at every position of this key."""
        marked = {layer.name: np.zeros(layer.shape, dtype=bool) for layer in self.layout.layers}
        for side in (self.first, self.second):
            for name, index in side.items():
                marked[name].reshape(-1)[index] = True
        return marked

    def _side(self, row: int) -> dict[str, Corners]:
        found, at, start = {}, 0, 0
        for layer in self.layout.keyed:
            count = layer.rectangles
            pairs = self.corners[at : at + count, row : row + 2] - start
            found[layer.name] = pairs.reshape(layer.bits, layer.width)
            at, start = at + count, start + layer.size
        return found


def keyed_positions(key: bytes, layout: Layout) -> Positions:
    """Draw the positions of every bit of a layout.

    A layer needs bits x width / 2 rectangles. It goes through attempts one after another and keeps those that are fair
    and share no corner with one it kept before, until it has enough: each rectangle is uniform among those that are
    still free. An attempt is five 32-bit words of the stream "positions": row, other row, column, other column and
    offset, each modulo how many there are to choose from (the other row among those that the first leaves, and so the
    other column). It is fair when no word is beyond the last whole multiple of its bound, since modulo would favour
    small numbers.

    The stream is dealt out in rounds. In each, the layers that still need w > 0 rectangles take, in the layout's order,
    w + floor(3 w c / size) + 8 attempts, where c is how many positions the layer's mark has in all. What a layer does
    not need of its attempts is passed over.

    Raises:
        WinnowError: WN-O01 when a layer is so full that no rectangle is found.
    """
    grids = _grids(layout)
    stream, board = KeyStream(key, "positions"), grids.borrow()
    corners = np.empty((int(grids.needed.sum()), 4), dtype=np.int64)
    filled = np.cumsum(grids.needed) - grids.needed
    wanted, attempts = grids.needed, grids.first_round
    for _ in range(_ROUNDS):
        places, fair = attempts.draw(stream)
        rows = board.kept(places, fair)
        # Where each layer begins among the attempts that were kept.
        edges = np.searchsorted(len(places) - 1 - rows, attempts.edges)
        found = np.minimum(np.diff(edges), wanted)
        for at, start, count in zip(filled.tolist(), edges.tolist(), found.tolist(), strict=False):
            corners[at : at + count] = places.take(rows[start : start + count], axis=0)
        filled, wanted = filled + found, wanted - found
        if not wanted.any():
            grids.give_back(board)
            return Positions(layout, corners)
        board.take(places.take(rows, axis=0))
        attempts = grids.round_of(wanted)
    raise WinnowError("WN-O01", "no free rectangle is left for a bit", fix="Key a smaller share of each layer.")


class _Round:
    """The attempts of a round: what their words choose from, by attempt and from the last to the first."""

    def __init__(self, grids: NDArray[np.int64], starts: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self.edges = np.cumsum(np.concatenate([[0], counts]))
        # The other row is drawn among those that the first one leaves, and so is the other column.
        bounds = grids[[0, 0, 1, 1, 2]] - np.array([[0], [1], [0], [1], [0]])
        self._bounds = _falling(bounds, counts)
        self._last = _falling(2**32 - 1 - 2**32 % bounds, counts)
        self._placing = _falling(np.stack([starts, grids[1] * grids[2], grids[2]]), counts)

    def draw(self, stream: KeyStream) -> tuple[Corners, NDArray[np.bool_]]:
        """Corners [attempts, 4], the last attempt first, and which attempts are fair.

        All is computed in 32 bits: a layout has at most 2^32 weights.
        """
        count = int(self.edges[-1])
        words = np.ascontiguousarray(stream.words(5 * count).reshape(count, 5)[::-1].T)
        fair = np.all(words <= self._last, axis=0)
        words %= self._bounds
        row, other_row, column, other_column, offset = words
        start, row_size, offsets = self._placing
        other_row += other_row >= row
        other_column += other_column >= column
        offset += start
        here, there = row * row_size + offset, other_row * row_size + offset
        column *= offsets
        other_column *= offsets
        places = np.empty((count, 4), dtype=np.int64)
        for corner, (line, place) in enumerate(
            ((here, column), (there, other_column), (here, other_column), (there, column))
        ):
            np.add(line, place, out=places[:, corner])
        return places, fair


class _Grids:
    """The keyed layers of a layout: how many rectangles each needs, and what its attempts choose from."""

    def __init__(self, layout: Layout) -> None:
        layers = layout.keyed
        self.needed = np.array([layer.rectangles for layer in layers], dtype=np.int64)
        self._sizes = np.array([layer.size for layer in layers], dtype=np.int64)
        self._grids = np.array([layer.grid for layer in layers], dtype=np.int64).reshape(-1, 3).T
        self.first_round = self.round_of(self.needed)
        self._idle: deque[Board] = deque()

    def round_of(self, wanted: NDArray[np.int64]) -> _Round:
        """The attempts of layers that still need so many rectangles each."""
        counts = wanted + 3 * wanted * 4 * self.needed // self._sizes + _SPARE
        starts = np.cumsum(self._sizes) - self._sizes
        return _Round(self._grids, starts, np.where(wanted > 0, counts, 0))

    def borrow(self) -> Board:
        """A board with every position free; threads have boards of their own."""
        try:
            board = self._idle.pop()
        except IndexError:
            board = Board(int(self._sizes.sum()))
        board.clear()
        return board

    def give_back(self, board: Board) -> None:
        """Take back what `borrow` gave."""
        self._idle.append(board)


def _falling(by_layer: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Columns of layers as columns of their attempts, the last one first."""
    return np.ascontiguousarray(np.repeat(by_layer, counts, axis=1)[:, ::-1].astype(np.uint32))


@lru_cache(maxsize=4)
def _grids(layout: Layout) -> _Grids:
    """Kept from key to key: a judge draws a thousand keys for one layout."""
    return _Grids(layout)
