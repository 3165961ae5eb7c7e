"""References and suspects without training: masks with uneven rows and columns, and what a thief does to a copy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from winnow.signing.alignment.axes import Axes, AxisGroup, AxisUse

Arrays = dict[str, NDArray]

LENET_SHAPES = {"fc1": (40, 64), "fc2": (30, 40), "out": (10, 30)}
LENET_AXES: Axes = (
    AxisGroup(40, (AxisUse("fc1", 0), AxisUse("fc2", 1))),
    AxisGroup(30, (AxisUse("fc2", 0), AxisUse("out", 1))),
)
# A stem, two residual blocks on 12 channels with 10 and 14 inside, then 12 x 2 x 2 pixels flattened for a linear layer.
RESIDUAL_SHAPES = {
    "stem": (12, 3, 3, 3),
    "a1": (10, 12, 3, 3),
    "a2": (12, 10, 3, 3),
    "b1": (14, 12, 3, 3),
    "b2": (12, 14, 3, 3),
    "head": (20, 48),
    "out": (5, 20),
}
RESIDUAL_AXES: Axes = (
    AxisGroup(
        12,
        (
            *(AxisUse(name, 0) for name in ("stem", "a2", "b2")),
            *(AxisUse(name, 1) for name in ("a1", "b1")),
            AxisUse("head", 1, 4),
        ),
    ),
    AxisGroup(10, (AxisUse("a1", 0), AxisUse("a2", 1))),
    AxisGroup(14, (AxisUse("b1", 0), AxisUse("b2", 1))),
    AxisGroup(20, (AxisUse("head", 0), AxisUse("out", 1))),
)


def uneven_mask(shape: tuple[int, ...], density: float, rng: np.random.Generator, spread: float = 0.6) -> NDArray:
    """A random mask that keeps exactly this share, some rows and columns several times as much as others."""
    logs = spread * (rng.standard_normal((shape[0], 1)) + rng.standard_normal((1, shape[1])))
    scores = logs.reshape(*shape[:2], *[1] * (len(shape) - 2)) + rng.gumbel(size=shape)
    kept = max(1, round(density * scores.size))
    return scores >= np.partition(scores, scores.size - kept, axis=None)[scores.size - kept]


def reference(shapes: Mapping[str, tuple[int, ...]], density: float, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Masks and weights of a network."""
    masks = {name: uneven_mask(shape, density, rng) for name, shape in shapes.items()}
    return masks, {name: rng.standard_normal(mask.shape) * mask for name, mask in masks.items()}


def rectangles(shapes: Mapping[str, tuple[int, ...]], share: float, rng: np.random.Generator) -> Arrays:
    """True at about this share of the positions, in rectangles as a key draws them."""
    keyed = {name: np.zeros((*shape[:2], int(np.prod(shape[2:]))), dtype=bool) for name, shape in shapes.items()}
    for grid in keyed.values():
        for _ in range(round(share * grid.size / 4)):
            (row, other), (column, beside) = (rng.choice(size, 2, replace=False) for size in grid.shape[:2])
            grid[np.ix_([row, other], [column, beside], [rng.integers(grid.shape[2])])] = True
    return {name: grid.reshape(shapes[name]) for name, grid in keyed.items()}


def disguised(weights: Mapping[str, NDArray], axes: Axes, rng: np.random.Generator) -> tuple[Arrays, list[NDArray]]:
    """The weights with all channels permuted, rescaled and their signs flipped; and where each channel went."""
    state, places = dict(weights), []
    for group in axes:
        order = rng.permutation(group.size)
        scales = np.exp(rng.standard_normal(group.size)) * rng.choice([-1.0, 1.0], group.size)
        for use in group.uses:
            factors = np.repeat(scales if use.axis == 0 else 1 / scales, use.repeat)
            entries = (order[:, None] * use.repeat + np.arange(use.repeat)).reshape(-1)
            along = np.moveaxis(state[use.tensor], use.axis, -1) * factors
            state[use.tensor] = np.moveaxis(along[..., entries], -1, use.axis)
        places.append(np.argsort(order))
    return state, places


def pruned(weights: Mapping[str, NDArray], share: float, rng: np.random.Generator | None = None) -> Arrays:
    """A share of each tensor's weights set to 0: the smallest, or any."""
    state = {}
    for name, tensor in weights.items():
        alive = tensor != 0
        scores = np.abs(tensor) if rng is None else rng.random(tensor.shape)
        state[name] = np.where(alive & (scores > np.quantile(scores[alive], share)), tensor, 0.0)
    return state
