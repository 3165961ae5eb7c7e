"""A suspect's tensors laid over a reference's: which can be, along which hidden axes, and how they are reordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.signing.alignment.assignment import GONE, Places
from winnow.signing.alignment.axes import Axes, AxisGroup
from winnow.signing.alignment.features import as_grid, from_grid
from winnow.signing.alignment.merging import merged

Tensors = Mapping[str, NDArray]


@dataclass(frozen=True)
class Overlay:
    """What of both can be compared.

    Attributes:
        shapes: of the reference's tensors.
        tensors: the suspect's, copies of split channels made one.
        groups: for each tensor, the numbers of the groups along rows and columns; None where places are fixed.
        repeats: for each tensor, entries to a channel along rows and columns.
        sizes: for each group, how many channels the reference has and how many the suspect.
    """

    shapes: dict[str, tuple[int, ...]]
    tensors: dict[str, NDArray]
    groups: dict[str, tuple[int | None, int | None]]
    repeats: dict[str, tuple[int, int]]
    sizes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, suspect: Tensors, shapes: Mapping[str, tuple[int, ...]], axes: Axes) -> Overlay:
        """The tensors that fit: as long as the reference's along fixed axes, as long as one another along a group."""
        tensors = _usable(suspect, shapes, axes)
        known = [(group.size, tuple(use for use in group.uses if use.tensor in tensors)) for group in axes]
        groups = tuple(AxisGroup(size, uses) for size, uses in known if uses)
        tensors = merged(tensors, groups)
        along = {(use.tensor, use.axis): (at, use.repeat) for at, group in enumerate(groups) for use in group.uses}
        found = {name: [along.get((name, axis), (None, 1)) for axis in (0, 1)] for name in tensors}
        return cls(
            dict(shapes),
            tensors,
            {name: (rows[0], columns[0]) for name, (rows, columns) in found.items()},
            {name: (rows[1], columns[1]) for name, (rows, columns) in found.items()},
            tuple((group.size, _length(tensors, group)) for group in groups),
        )

    def grid(self, name: str, tensor: NDArray) -> NDArray:
        """A tensor of that name, of either, as (rows, columns, offsets)."""
        return as_grid(tensor, self.repeats[name])

    def ordered(self, name: str, shape: tuple[int, ...], places: Mapping[int, Places]) -> NDArray:
        """The suspect's tensor in the reference's order and shape; NaN where it has nothing."""
        if name not in self.tensors:
            return np.full(shape, np.nan, dtype=np.float32)
        grid = self.grid(name, self.tensors[name])
        for axis, group in enumerate(self.groups[name]):
            if group is not None:
                grid = np.take(grid, places[group], axis=axis)
                gone = places[group] == GONE
                grid[(slice(None),) * axis + (gone,)] = np.nan
        return from_grid(grid, self.repeats[name], shape)


def _usable(suspect: Tensors, shapes: Mapping[str, tuple[int, ...]], axes: Axes) -> dict[str, NDArray]:
    repeats = {(use.tensor, use.axis): use.repeat for group in axes for use in group.uses}
    usable: dict[str, NDArray] = {}
    for name, shape in shapes.items():
        found = suspect.get(name)
        if found is None or found.ndim != len(shape) or found.ndim < 1 or found.size == 0:
            continue
        along = [(found.shape[axis], size, repeats.get((name, axis))) for axis, size in enumerate(shape)]
        if all(length == size if repeat is None else length % repeat == 0 for length, size, repeat in along):
            usable[name] = found.astype(np.float64 if found.dtype == np.float64 else np.float32)
    for group in axes:
        lengths = {use.tensor: _channels(usable, use.tensor, use.axis, use.repeat) for use in group.uses}
        found = [length for length in lengths.values() if length]
        common = max(found, key=found.count, default=0)
        for name, length in lengths.items():
            if length and length != common:
                del usable[name]
    return usable


def _channels(tensors: Tensors, name: str, axis: int, repeat: int) -> int:
    return tensors[name].shape[axis] // repeat if name in tensors else 0


def _length(tensors: Tensors, group: AxisGroup) -> int:
    use = group.uses[0]
    return _channels(tensors, use.tensor, use.axis, use.repeat)
