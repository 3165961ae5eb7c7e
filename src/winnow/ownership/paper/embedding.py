"""V2: a QR symbol in a mask (Chen et al. 2021, Algorithm 2): where it fits best, at no change of any layer's count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import correlate
from torch import Tensor

from winnow.core import WinnowError
from winnow.ownership.paper.code import Symbol
from winnow.ownership.paper.grids import Place, kernels, layers_of_size, liveness, window
from winnow.ownership.paper.patterns import Grid
from winnow.sparsity import Mask


@dataclass(frozen=True)
class Embedded:
    """A mask with a symbol in it, and what that took.

    Args:
        mask: every layer has as many weights as before.
        place: where the symbol is.
        agreed: data modules that were right before anything was written.
        lit: empty kernels that got a weight.
        emptied: kernels that lost all of theirs.
        removed: weights that went, for the symbol and for the count.
        added: weights that came; as many.
    """

    mask: Mask
    place: Place
    agreed: int
    lit: int
    emptied: int
    removed: int
    added: int


def best_place(mask: Mask, symbol: Symbol, layers: Sequence[str] | None = None) -> tuple[Place, int]:
    """Where most data modules are right already, and how many; of equal ones the earliest layer, row and column.

    The paper searches early layers, which lose fewer weights when the network is pruned further; name them in `layers`
    to do so.

    Raises:
        WinnowError: WN-O06 when no layer is large enough.
    """
    found: tuple[Place, int] | None = None
    for name, grid in layers_of_size(mask, symbol.format.size, layers):
        agreements = _agreements(grid, symbol)
        row, column = np.unravel_index(int(agreements.argmax()), agreements.shape)
        if found is None or agreements[row, column] > found[1]:
            found = Place(name, int(row), int(column)), int(agreements[row, column])
    if found is None:
        size, version = symbol.format.size, symbol.format.version
        told = f"no layer has {size} outputs and {size} inputs, as a symbol of version {version} needs"
        raise WinnowError("WN-O06", told, fix="Give a shorter text, or sign with a keyed mark.")
    return found


def _agreements(grid: Grid, symbol: Symbol) -> np.ndarray:
    """Data modules that agree with the grid, per offset: int64 [rows, columns]."""
    wanted = np.where(symbol.modules, 1.0, -1.0) * symbol.data
    counted = correlate(grid.astype(np.float64), wanted, mode="valid")
    return np.rint(counted).astype(np.int64) + int((symbol.data & ~symbol.modules).sum())


def embed(
    mask: Mask,
    symbol: Symbol,
    *,
    place: Place | None = None,
    layers: Sequence[str] | None = None,
    seed: int = 0,
) -> Embedded:
    """Write the data modules of a symbol into the liveness of a layer's kernels; public modules are left as they are.

    A dark module on an empty kernel lights one weight of it; a light one on a living kernel empties it. Then weights
    are added inside of living kernels, or taken from kernels that have another, until the layer has its count again;
    where kernels have one weight, as in linear layers, other kernels than the symbol's are lit or emptied. Which
    weights is drawn. The new weights must get a start value: the mask is of use with the dense start.

    Args:
        mask: the ticket's.
        symbol: what to write.
        place: where; the best one when not given.
        layers: the only ones to search.
        seed: of the draws.

    Raises:
        WinnowError: WN-O06 when no layer is large enough, or the layer's count cannot be kept.
    """
    place = place or best_place(mask, symbol, layers)[0]
    if place.layer not in mask:
        raise WinnowError("WN-O06", "there is no mask of this layer", where=place.layer)
    before = mask[place.layer]
    grid = liveness(before)
    part = window(grid, place, symbol.format.size)
    written = _Writer(before, place, symbol, torch.Generator().manual_seed(seed))
    written.write()
    written.settle(int(before.sum()))
    after = written.layer.view(before.shape)
    return Embedded(
        mask=Mask({**mask, place.layer: after}),
        place=place,
        agreed=int(((part == symbol.modules) & symbol.data).sum()),
        lit=int((symbol.data & symbol.modules & ~part).sum()),
        emptied=int((symbol.data & ~symbol.modules & part).sum()),
        removed=int((before & ~after).sum()),
        added=int((after & ~before).sum()),
    )


class _Writer:
    """One layer while a symbol is written into it."""

    def __init__(self, before: Tensor, place: Place, symbol: Symbol, generator: torch.Generator) -> None:
        self.layer = kernels(before).clone()
        self._place, self._generator = place, generator
        self._dark = self._spread(symbol.data & symbol.modules)
        self._light = self._spread(symbol.data & ~symbol.modules)

    def _spread(self, modules: Grid) -> Tensor:
        """Modules of the symbol as kernels of the layer: bool [outputs, inputs]."""
        spread = torch.zeros(self.layer.shape[:2], dtype=torch.bool)
        size = len(modules)
        spread[self._place.row : self._place.row + size, self._place.column : self._place.column + size] = (
            torch.from_numpy(modules)
        )
        return spread

    def write(self) -> None:
        self.layer[self._light] = False
        empty = self._dark & ~self.layer.any(2)
        outputs, inputs = empty.nonzero(as_tuple=True)
        chosen = torch.randint(self.layer.shape[2], (len(outputs),), generator=self._generator)
        self.layer[outputs, inputs, chosen] = True

    def settle(self, count: int) -> None:
        """Add or take weights until there are `count`, first where no kernel comes to life or dies."""
        lacking = count - int(self.layer.sum())
        if lacking > 0:
            lacking -= self._turn(~self.layer & self.layer.any(2, keepdim=True), lacking, True)
            lacking -= self._turn(self._spare(~self.layer), lacking, True)
        elif lacking < 0:
            lacking += self._turn(self._doubled(), -lacking, False)
            lacking += self._turn(self._spare(self.layer), -lacking, False)
        if lacking:
            told = f"{abs(lacking)} weights too {'few' if lacking > 0 else 'many'} remain outside of the symbol"
            raise WinnowError("WN-O06", f"the layer's count cannot be kept: {told}", where=self._place.layer)

    def _spare(self, weights: Tensor) -> Tensor:
        """Those of the weights that are in no kernel of the symbol's."""
        return weights & ~(self._dark | self._light).unsqueeze(2)

    def _doubled(self) -> Tensor:
        """Living weights but one of every kernel, which is drawn: none of them is its kernel's last."""
        order = torch.rand(self.layer.shape, generator=self._generator).masked_fill(~self.layer, -1)
        last = torch.zeros_like(self.layer).scatter_(2, order.argmax(2, keepdim=True), True)
        return self.layer & ~last

    def _turn(self, candidates: Tensor, count: int, state: bool) -> int:
        """Set so many of the candidates, drawn, to a state; returns how many there were."""
        places = candidates.flatten().nonzero().squeeze(1)
        drawn = places[torch.randperm(len(places), generator=self._generator)[:count]]
        self.layer.view(-1)[drawn] = state
        return len(drawn)
