"""Reads a symbol out of a mask, blind: nothing of the expected text enters (the way back of Chen et al. 2021, Alg. 2).

Only the public modules are put back: finders, timing, format and the like, which are the same for every text. The
authors' code copies them from the expected symbol, some data modules with them, and compares pictures; a reader must
do without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from winnow.core import WinnowError
from winnow.ownership.paper.code import decoded
from winnow.ownership.paper.grids import Place, layers_of_size, liveness, window
from winnow.ownership.paper.patterns import VERSIONS, Format, Grid, formats
from winnow.sparsity import Mask


@dataclass(frozen=True)
class Read:
    """A text, and where and how it was read."""

    text: str
    place: Place
    format: Format


def restored(grid: Grid, chosen: Format) -> Grid:
    """A square of modules with the public ones put back; data modules stay as they are."""
    return np.where(chosen.public, chosen.dark, grid)


def read_at(mask: Mask, place: Place, chosen: Format | None = None, *, version: int | None = None) -> str | None:
    """The text at a place, or None.

    Args:
        mask: the suspect's.
        place: where to look.
        chosen: the format; all 32 of the version are tried when not given.
        version: of the symbol, where the format is not given.

    Raises:
        WinnowError: WN-O06 when neither is given, the layer is not there, or the symbol is larger than what is there.
    """
    if place.layer not in mask:
        raise WinnowError("WN-O06", "there is no mask of this layer", where=place.layer)
    if chosen is None and version is None:
        raise WinnowError("WN-O06", "a place is read with a format or a version", fix="Name the version.")
    tried = [chosen] if chosen else formats(version or 1)
    part = window(liveness(mask[place.layer]), place, tried[0].size)
    texts = (decoded(restored(part, one)) for one in tried)
    return next((text for text in texts if text is not None), None)


def scan(
    mask: Mask,
    *,
    layers: Sequence[str] | None = None,
    versions: Iterable[int] = VERSIONS,
    chosen: Format | None = None,
) -> Iterator[Read]:
    """Every place with a text, as they are found: by version, layer, row and column; one text for a place.

    A symbol of level H may be read as one of level Q as well, whose code holds it; the format that is told is the
    first of `formats` that reads. Nobody need say where to look, but every try is a chance to read nonsense: symbols
    of low versions and levels have few check bits. The number of tries is the number of offsets times 32, unless the
    format is known.

    Args:
        mask: the suspect's.
        layers: the only ones to look at; all when not given.
        versions: of the symbol.
        chosen: the one format to try, which says the version.
    """
    for version in [chosen.version] if chosen else versions:
        tried = [chosen] if chosen else formats(version)
        size = tried[0].size
        planes = [(one, one.public, one.dark) for one in tried]
        for name, grid in layers_of_size(mask, size, layers):
            for row in range(grid.shape[0] - size + 1):
                for column in range(grid.shape[1] - size + 1):
                    part = grid[row : row + size, column : column + size]
                    texts = ((one, decoded(np.where(public, dark, part))) for one, public, dark in planes)
                    found = next(((one, text) for one, text in texts if text is not None), None)
                    if found:
                        yield Read(found[1], Place(name, row, column), found[0])
