"""A layer as a picture: one module per kernel, dark where anything of the kernel remains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from winnow.core import WinnowError
from winnow.ownership.paper.patterns import Grid
from winnow.sparsity import Mask


@dataclass(frozen=True)
class Place:
    """Where a symbol lies: a layer, and the output (row) and input (column) of its upper left module."""

    layer: str
    row: int
    column: int


def kernels(mask: Tensor) -> Tensor:
    """A layer's mask as [outputs, inputs, weights of a kernel]; a linear layer's kernels have one weight."""
    return mask.reshape(mask.shape[0], mask.shape[1], -1)


def liveness(mask: Tensor) -> Grid:
    """[outputs, inputs], True where a kernel has a weight left (Chen et al. 2021, Algorithm 2)."""
    return kernels(mask).any(2).numpy()


def layers_of_size(mask: Mask, size: int, layers: Sequence[str] | None = None) -> Iterator[tuple[str, Grid]]:
    """Name and liveness of the layers with at least `size` outputs and inputs, in the network's order.

    Args:
        mask: the network's.
        size: modules a side.
        layers: the only ones to look at; all when not given.

    Raises:
        WinnowError: WN-O06 when a named layer has no mask.
    """
    for name in layers or ():
        if name not in mask:
            raise WinnowError("WN-O06", "there is no mask of this layer", where=name)
    for name, tensor in mask.items():
        if (layers is None or name in layers) and tensor.dim() >= 2 and min(tensor.shape[:2]) >= size:
            yield name, liveness(tensor)


def window(grid: Grid, place: Place, size: int) -> Grid:
    """The square of the grid at a place; it may share memory.

    Raises:
        WinnowError: WN-O06 when it is not inside.
    """
    inside = 0 <= place.row <= grid.shape[0] - size and 0 <= place.column <= grid.shape[1] - size
    if not inside:
        told = f"a square of {size} at {place.row}, {place.column} is not inside of {grid.shape[0]} x {grid.shape[1]}"
        raise WinnowError("WN-O06", told, where=place.layer)
    return grid[place.row : place.row + size, place.column : place.column + size]
