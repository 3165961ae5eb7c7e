"""Split channels made one again: copies of a channel that share its readers between them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from winnow.signing.alignment.axes import Axes, AxisGroup

ALIKE = 0.999  # cosine of what two channels read, from which on they are copies
LEAST = 8  # weights that a channel must read: those of one or two weights are alike by chance


def merged(tensors: Mapping[str, NDArray], axes: Axes) -> dict[str, NDArray]:
    """The tensors with the copies of a channel in one, in groups that have more channels than the reference.

    A copy's readers are added to those of the first of its kind, at the scale at which both read. Groups are worked
    through in order, so that a channel's copies are found when those that it reads are one already.

    Args:
        tensors: a suspect's; left as they are. Every tensor of the axes is there, as long along them as another.
        axes: the reference's groups.
    """
    state = dict(tensors)
    for group in axes:
        first = group.uses[0]
        if state[first.tensor].shape[first.axis] > group.size * first.repeat:
            _merge(state, group)
    return state


def _merge(state: dict[str, NDArray], group: AxisGroup) -> None:
    rows = [_channels(state, group, at) for at, use in enumerate(group.uses) if use.axis == 0]
    if not rows:
        return
    read = np.concatenate([row.reshape(len(row), -1) for row in rows], axis=1).astype(np.float64)
    scale = np.linalg.norm(read, axis=1)
    unit = read / np.where(scale > 0, scale, 1.0)[:, None]
    likeness = unit @ unit.T
    likeness[np.count_nonzero(read, axis=1) < LEAST] = 0
    copies = np.triu(np.abs(likeness) >= ALIKE, 1)
    firsts = np.where(copies.any(0), copies.argmax(0), np.arange(len(read)))
    kept = np.flatnonzero(firsts == np.arange(len(read)))
    if len(kept) == len(read):
        return
    for at, use in enumerate(group.uses):
        channels = _channels(state, group, at)
        if use.axis:
            whole = channels.astype(np.float64)
            for copy in np.flatnonzero(firsts != np.arange(len(read))):
                ratio = np.sign(likeness[firsts[copy], copy]) * scale[copy] / scale[firsts[copy]]
                whole[firsts[copy]] += ratio * channels[copy]
            channels = whole
        left = channels[kept].reshape(len(kept) * use.repeat, *channels.shape[2:])
        state[use.tensor] = np.moveaxis(left, 0, use.axis)


def _channels(state: Mapping[str, NDArray], group: AxisGroup, at: int) -> NDArray:
    """The tensor of a use as (channels, repeat, the other axes)."""
    use = group.uses[at]
    along = np.moveaxis(state[use.tensor], use.axis, 0)
    return along.reshape(len(along) // use.repeat, use.repeat, *along.shape[1:])
