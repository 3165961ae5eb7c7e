"""Where the bits of a mark sit: rectangles of weights, drawn under the key.

A bit compares two sets of positions, `first` and `second`, inside one layer. They come in rectangles: the corners of
one diagonal go to `first`, those of the other to `second`, so that a row or a column that is denser than others adds
as much to both. Innocent networks share such rows and columns (dead units, pixels at the border), and without the
rectangles a mark would read them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from winnow.core import WinnowError
from winnow.signing.code.layout import Layout
from winnow.signing.code.stream import KeyStream

_ROUND = 1024
_ROUNDS = 20_000
_TAKEN = -1


@dataclass(frozen=True)
class Positions:
    """Positions of all bits.

    Attributes:
        layout: the layout that they were drawn for.
        first: by layer, flat indices into its tensor, int64 of shape (bits, width); layers without bits are left out.
        second: the same for the set that counts against.
    """

    layout: Layout
    first: dict[str, np.ndarray]
    second: dict[str, np.ndarray]

    def blanked(self) -> dict[str, np.ndarray]:
        """By layer, booleans of the layer's shape: True at every position of this key."""
        marked = {layer.name: np.zeros(layer.shape, dtype=bool) for layer in self.layout.layers}
        for side in (self.first, self.second):
            for name, index in side.items():
                marked[name].reshape(-1)[index] = True
        return marked


def keyed_positions(key: bytes, layout: Layout) -> Positions:
    """Draw the positions of every bit of a layout.

    The rectangles of all layers wait in order. In each round the first 1,024 that wait draw five 32-bit words each from
    the stream "positions": row, other row, column, other column and offset, modulo how many there are to choose from.
    Those that cannot stay wait on, before the others, in the same order. A rectangle cannot stay when a word is beyond
    the last whole multiple of its bound (modulo would favour small numbers), when a corner is taken by one that stayed
    in an earlier round, or when it shares a corner with an earlier one of this round that the first two rules let pass.

    Raises:
        WinnowError: WN-O01 when a layer is so full that no rectangle is found.
    """
    grids = _grids(layout)
    stream, owner = KeyStream(key, "positions"), grids.borrow()
    corners = np.empty((4, grids.count), dtype=np.int64)
    waiting = np.arange(grids.count, dtype=np.int32)
    for _ in range(_ROUNDS):
        tried, waiting = waiting[:_ROUND], waiting[_ROUND:]
        places, stays = grids.draw(stream, tried)
        stays &= (owner.take(places) != _TAKEN).all(axis=0)
        stays[stays] = _alone(owner, places.compress(stays, axis=1), tried[stays])
        settled = places.compress(stays, axis=1)
        owner[settled] = _TAKEN
        corners[:, tried[stays]] = settled
        waiting = np.concatenate([tried[~stays], waiting])
        if not len(waiting):
            grids.give_back(owner, corners)
            return _by_layer(layout, corners.T - grids.starts)
    raise WinnowError("WN-O01", "no free rectangle is left for a bit", fix="Key a smaller share of each layer.")


def _alone(owner: np.ndarray, places: np.ndarray, tried: np.ndarray) -> np.ndarray:
    """Which rectangles (columns of corners) share no corner with an earlier one."""
    # The last write to a position wins, so the earliest rectangle writes last.
    owner[places.T[::-1].reshape(-1)] = np.repeat(tried[::-1], 4)
    return (owner.take(places) == tried).all(axis=0)


class _Grids:
    """For every rectangle what its words choose from, and where its layer starts among all keyed layers."""

    def __init__(self, layout: Layout) -> None:
        layers = [layer for layer in layout.layers if layer.bits]
        repeats = [layer.bits * layer.width // 2 for layer in layers]
        starts = np.cumsum([0] + [layer.size for layer in layers])
        grids = np.array([layer.grid for layer in layers], dtype=np.int64).reshape(-1, 3).T
        self.count = sum(repeats)
        self.starts = np.repeat(starts[:-1], repeats)[:, None]
        self._size = int(starts[-1])
        self._placing = np.repeat(np.stack([starts[:-1], grids[1], grids[2]]), repeats, axis=1)
        # The other row is drawn among those that the first one leaves, and so is the other column.
        bounds = grids[[0, 0, 1, 1, 2]] - np.array([[0], [1], [0], [1], [0]])
        self._bounds = np.repeat(bounds, repeats, axis=1).astype(np.uint32)
        self._last = np.repeat(2**32 - 1 - 2**32 % bounds, repeats, axis=1).astype(np.uint32)
        self._idle: deque[np.ndarray] = deque()

    def borrow(self) -> np.ndarray:
        """Who drew each position last (int32, no position taken); made once and kept, since fresh memory is slow."""
        try:
            return self._idle.pop()
        except IndexError:
            return np.zeros(self._size, dtype=np.int32)

    def give_back(self, owner: np.ndarray, taken: np.ndarray) -> None:
        """Take back what `borrow` gave, with the positions that are taken in it."""
        owner[taken] = 0
        self._idle.append(owner)

    def draw(self, stream: KeyStream, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Corners (4, slots), as indices over all keyed layers, and whether every word was within whole multiples."""
        words = np.ascontiguousarray(stream.words(5 * len(slots)).reshape(-1, 5).T)
        fair = np.all(words <= self._last.take(slots, axis=1), axis=0)
        row, other_row, column, other_column, offset = (words % self._bounds.take(slots, axis=1)).astype(np.int64)
        other_row += other_row >= row
        other_column += other_column >= column
        start, columns, offsets = self._placing.take(slots, axis=1)
        places = np.empty((4, len(slots)), dtype=np.int64)
        here, there = row * columns, other_row * columns
        for corner, (line, place) in enumerate(
            ((here, column), (there, other_column), (here, other_column), (there, column))
        ):
            np.add(line, place, out=places[corner])
        places *= offsets
        places += start + offset
        return places, fair


@lru_cache(maxsize=4)
def _grids(layout: Layout) -> _Grids:
    """Kept from key to key: a judge draws a thousand keys for one layout."""
    return _Grids(layout)


def _by_layer(layout: Layout, corners: np.ndarray) -> Positions:
    """Split corners (rectangles, 4) by layer: the first two of a rectangle to one side, the others to the other."""
    sides = [np.ascontiguousarray(corners[:, at : at + 2]) for at in (0, 2)]
    split: list[dict[str, np.ndarray]] = [{}, {}]
    at = 0
    for layer in layout.layers:
        if layer.bits:
            count = layer.bits * layer.width // 2
            for side, named in zip(sides, split, strict=True):
                named[layer.name] = side[at : at + count].reshape(layer.bits, layer.width)
            at += count
    return Positions(layout, *split)
