"""Swaps in the masks of layers: one position on, one off, the cheapest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.signing.code.positions import Positions

Bits = NDArray[np.bool_]


class Editor:
    """The masks while they are written: what is live, what may move, and in which order."""

    def __init__(self, masks: dict[str, Bits], magnitudes: Mapping[str, NDArray[Any]]) -> None:
        self._masks, self._magnitudes = masks, magnitudes
        self._worth: Mapping[str, NDArray[Any]] = magnitudes
        # Positions of keys already written, and of the one being written as well.
        self._settled = {name: np.zeros(mask.size, bool) for name, mask in masks.items()}
        self._keyed = {name: settled.copy() for name, settled in self._settled.items()}

    def begin(self, positions: Positions, worth: Mapping[str, NDArray[Any]]) -> None:
        """Another key is written from here on."""
        self._worth = worth
        self._settled = {name: keyed.copy() for name, keyed in self._keyed.items()}
        for name, blanked in positions.blanked().items():
            self._keyed[name] |= np.asarray(blanked).reshape(-1)

    def write(self, name: str, favoured: NDArray[np.int64], other: NDArray[np.int64], margin: int) -> tuple[int, int]:
        """Swap until the favoured set leads by the margin; its lead, and the swaps that were made."""
        live = self._masks[name]
        lead, swaps = int(live[favoured].sum()) - int(live[other].sum()), 0
        ons, offs = self._ons(name, favoured), self._offs(name, other)
        while lead < margin and (ons or offs):
            gain = bool(ons) + bool(offs)
            on = ons.pop() if ons else self._spare(name, live=False)
            off = offs.pop() if offs else self._spare(name, live=True)
            if on is None or off is None:
                break
            live[on], live[off] = True, False
            lead, swaps = lead + gain, swaps + 1
        return lead, swaps

    def _ons(self, name: str, places: NDArray[np.int64]) -> list[int]:
        """Pruned positions that may be switched on, the best last."""
        free = places[~self._masks[name][places] & ~self._settled[name][places]]
        return free[np.argsort(self._worth[name][free], kind="stable")].tolist()

    def _offs(self, name: str, places: NDArray[np.int64]) -> list[int]:
        """Kept positions that may be switched off, the least last."""
        free = places[self._masks[name][places] & ~self._settled[name][places]]
        return free[np.argsort(-self._magnitudes[name][free], kind="stable")].tolist()

    def _spare(self, name: str, *, live: bool) -> int | None:
        """The position of the whole layer that no key uses and that costs least to move."""
        free = np.flatnonzero((self._masks[name] == live) & ~self._keyed[name])
        if not free.size:
            return None
        cost = self._magnitudes[name][free] if live else -self._worth[name][free]
        return int(free[np.argmin(cost)])
