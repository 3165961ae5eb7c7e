"""Which of many rectangles are kept when they are taken one after another, found for all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LAST_SIGN = -(2**31) + 1
_FOUR = np.full(4, True).view(np.uint32)[0]


class Board:
    """Who holds each position. Made once and used for key after key, since fresh memory is slow.

    Args:
        size: how many positions there are.
    """

    def __init__(self, size: int) -> None:
        self._owner = np.zeros(size, dtype=np.int32)
        self._taken = 0
        self._is_fresh = True

    def clear(self) -> None:
        """Free every position: the sign of a taken one is another from now on, so that nothing need be written."""
        self._is_fresh = True
        self._taken -= 1
        if self._taken < _LAST_SIGN:
            self._owner[:], self._taken = 0, -1

    def take(self, corners: NDArray[np.int64]) -> None:
        """Nothing that holds one of these positions is kept any more."""
        self._owner[corners] = self._taken
        self._is_fresh = False

    def kept(self, places: NDArray[np.int64], fair: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Which rectangles are kept when the last row comes first: fair ones that share no corner with a kept one.

        Args:
            places: corners, one rectangle to a row of four.
            fair: which may be kept at all.

        Returns:
            Their rows, falling.
        """
        kept = np.zeros(len(fair), dtype=bool)
        waiting = np.flatnonzero(fair)
        if not self._is_fresh:
            waiting = waiting[_all_four(self._owner.take(places.take(waiting, axis=0)) != self._taken)]
        while len(waiting):
            own = places if len(waiting) == len(places) else places.take(waiting, axis=0)
            # The last write to a position stays: that of the rectangle that comes first.
            self._owner[own.reshape(-1)] = np.repeat(waiting, 4)
            alone = _all_four(self._owner.take(own) == waiting[:, None])
            kept[waiting[alone]] = True
            # What met a kept one is refused. The others met one that is refused or still open: they are tried again.
            waiting, own = waiting[~alone], own.compress(~alone, axis=0)
            waiting = waiting[_all_four(~kept.take(self._owner.take(own)))]
        return np.flatnonzero(kept)[::-1]


def _all_four(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of four that are all True; `all` over so short an axis takes several times as long."""
    return found.view(np.uint32).reshape(-1) == _FOUR
