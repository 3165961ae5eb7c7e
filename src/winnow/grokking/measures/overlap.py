"""How alike the masks of two steps are (Minegishi et al. 2023, figure 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.measures.parts import ALL
from winnow.sparsity import Mask, jaccard


def mask_distances(one: Mask, other: Mask) -> dict[str, float]:
    """Jaccard distance 1 - |both| / |either| per matrix, and over all of them together under "all".

    Raises:
        WinnowError: WN-P02 when the masks are of different networks.
    """
    apart = {name: jaccard(_alone(one, name), _alone(other, name)) for name in one if name in other}
    return {**apart, ALL: jaccard(one, other)}


def adjacent_distances(masks: Mapping[int, Mask]) -> dict[str, Tensor]:
    """Distances of each mask to the next, in ascending order of steps.

    Args:
        masks: step to the mask taken there.

    Returns:
        Matrix name, and "all", to float64 [t - 1].

    Raises:
        WinnowError: WN-P02 when the masks are of different networks, WN-C01 without a mask.
    """
    return {name: square.diagonal(1).clone() for name, square in distance_matrices(masks).items()}


def distance_matrices(masks: Mapping[int, Mask]) -> dict[str, Tensor]:
    """Distances of every two masks.

    All counts |both| of a matrix are one product of the masks with themselves; |either| follows from the masks' sizes.

    Args:
        masks: step to the mask taken there.

    Returns:
        Matrix name, and "all", to float64 [t, t], rows and columns in ascending order of steps.

    Raises:
        WinnowError: WN-P02 when the masks are of different networks, WN-C01 without a mask.
    """
    ordered = _ordered(masks)
    both = {name: _shared([mask[name] for mask in ordered]) for name in ordered[0]}
    # Numbers of kept weights add up over matrices, so those of all matrices are the sum.
    both[ALL] = torch.stack(list(both.values())).sum(0)
    return {name: _distance(shared) for name, shared in both.items()}


def chance_distance(density: float, other: float | None = None) -> float:
    """Jaccard distance of two independent random masks: 1 - q / (2 - q) at density q, such as 0.75 at 0.4.

    It is the distance of the mean counts, to which that of large masks comes close.

    Args:
        density: share that the one keeps, 0 to 1.
        other: share that the other keeps; the same when None.
    """
    other = density if other is None else other
    either = density + other - density * other
    return 1 - density * other / either if either else 0.0


def chance_distances(one: Mask, other: Mask) -> dict[str, float]:
    """What independent masks with the densities of these two would be apart, per matrix and over "all".

    Matrices are pruned to unequal densities, so chance over all of them is not that of the overall density.

    Raises:
        WinnowError: WN-P02 when the masks are of different networks.
    """
    one.check(other)
    other.check(one)
    kept, beside = one.densities(), other.densities()
    apart = {name: chance_distance(kept[name], beside[name]) for name in one}
    both = sum(one[name].numel() * kept[name] * beside[name] for name in one)
    either = one.kept + other.kept - both
    return {**apart, ALL: 1 - both / either if either else 0.0}


def _alone(mask: Mask, name: str) -> Mask:
    return Mask({name: mask[name]})


def _ordered(masks: Mapping[int, Mask]) -> Sequence[Mask]:
    if not masks:
        raise WinnowError("WN-C01", "no masks to compare", where="masks")
    ordered = [masks[step] for step in sorted(masks)]
    for mask in ordered[1:]:
        ordered[0].check(mask)
        mask.check(ordered[0])
    return ordered


def _shared(tensors: Sequence[Tensor]) -> Tensor:
    """How many positions every two of t boolean tensors share, float64 [t, t]."""
    rows = torch.stack([tensor.flatten() for tensor in tensors]).to(torch.float64)
    return rows @ rows.T


def _distance(both: Tensor) -> Tensor:
    sizes = both.diagonal()
    either = sizes[:, None] + sizes[None, :] - both
    return torch.where(either > 0, 1 - both / either.clamp_min(1), torch.zeros_like(both))
