"""Which weights of a suspect are there: its support, read in ways that a rescaled network does not change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]

_SWEEPS = 4
# A channel's scale counts as at least this part of its layer's middle one. A dead channel of a network that was tuned
# densely holds nothing but noise, which would come out as large as weights; where zeros are read, noise is far smaller.
_LEAST_TUNED, _LEAST_PRUNED = 0.1, 1e-4


def levelled(weights: Array, least: float = _LEAST_TUNED) -> NDArray[np.float64]:
    """|w| with every row's and every column's scale divided out, so that rescaled channels look as they did.

    Rows are the first axis, columns the second; a vector has rows alone. A scale is the root of the mean square; what
    is no finite number counts as 0.

    Args:
        weights: of any real type and shape.
        least: part of the layer's middle scale that every scale is raised to.

    Returns:
        The same shape; the mean square of a row is near 1.
    """
    sizes = np.abs(weights.astype(np.float64))
    if not sizes.size:
        return sizes
    sizes = np.where(np.isfinite(sizes), sizes, 0)
    sizes /= sizes.max() or 1.0  # squares of the largest floats would overflow
    cube = sizes.reshape(*(*sizes.shape, 1, 1)[:2], -1)
    power = np.einsum("rcs,rcs->rc", cube, cube) / cube.shape[2]
    rows, columns = np.ones(len(power)), np.ones(power.shape[1])
    for _ in range(_SWEEPS):
        rows = _scale((power / columns**2).mean(axis=1), least)
        columns = _scale((power / rows[:, None] ** 2).mean(axis=0), least)
    return (cube / np.outer(rows, columns)[:, :, None]).reshape(weights.shape)


def _scale(power: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    scales = np.sqrt(power)
    alive = scales[scales > 0]
    return np.maximum(scales, least * np.median(alive)) if alive.size else np.ones_like(scales)


def zeros(weights: Array, kept: int, tau: float) -> Mask:  # noqa: ARG001  (all ways are called alike)
    """Weights above `tau` times the scale of their channel: for a network whose pruned weights are zeros, or nearly."""
    return levelled(weights, _LEAST_PRUNED) > max(tau, 0.0)


def largest(weights: Array, kept: int, tau: float) -> Mask:  # noqa: ARG001
    """As many of the largest as the claim's layer keeps: for a network that was tuned without its mask.

    Equal ones at the border are all left out, so that their order in memory decides nothing.
    """
    sizes = levelled(weights, _LEAST_TUNED)
    if kept <= 0:
        return np.zeros(weights.shape, bool)
    if kept >= sizes.size:
        return sizes > 0
    border = np.partition(sizes.reshape(-1), sizes.size - kept - 1)[sizes.size - kept - 1]
    return sizes > border


WAYS: dict[str, Callable[[Array, int, float], Mask]] = {"zeros": zeros, "largest": largest}


def support(tensors: Mapping[str, Array], kept: Mapping[str, int], tau: float, way: str) -> dict[str, Mask]:
    """The masks of the layers in `kept`.

    Args:
        tensors: layer to weights.
        kept: layer to how many weights the claim keeps of it.
        tau: of the claim: below this part of its channel's scale a weight counts as none.
        way: one of `WAYS`.
    """
    read = WAYS[way]
    return {name: read(tensors[name], count, tau) for name, count in kept.items()}


def unknown(tensors: Mapping[str, Array], names: Iterable[str]) -> dict[str, int]:
    """How many weights of each layer are no finite numbers; layers without any are left out."""
    counts = {name: int((~np.isfinite(tensors[name].astype(np.float64))).sum()) for name in names}
    return {name: count for name, count in counts.items() if count}
