"""Pruning = score x scope x schedule x structure; here the parts meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity.layers import Layer
from winnow.sparsity.mask import Mask
from winnow.sparsity.schedules import Schedule, geometric
from winnow.sparsity.scopes import Pool, Scope, by_layer
from winnow.sparsity.structures import SingleWeights, Structure


def prune(scores: Mapping[str, Tensor], mask: Mask, pools: Sequence[Pool], structure: Structure | None = None) -> Mask:
    """The mask after pruning every pool to its count; pruned weights stay pruned.

    Counts are exact, and of equal scores the earlier layer and position goes first, so that a mask is a function of its
    scores on every machine.

    Args:
        scores: a float tensor per masked name, in the mask's shapes; the lowest are pruned.
        mask: what remains so far.
        pools: who competes, and how many weights remain (`winnow.sparsity.scopes`).
        structure: single weights when not given.

    Raises:
        WinnowError: WN-P03 when a living weight's score is NaN.
    """
    structure = structure or SingleWeights()
    pruned = dict(mask)
    for pool in pools:
        values = [_checked(scores, mask, name) for name in pool.names]
        masks = structure.prune_pool(values, [mask[name] for name in pool.names], pool.keep)
        pruned.update(zip(pool.names, masks, strict=True))
    return Mask(pruned)


def ladder(
    layers: Sequence[Layer],
    rates: Mapping[str, float],
    levels: int,
    *,
    scope: Scope = by_layer,
    schedule: Schedule = geometric,
) -> list[list[Pool]]:
    """The pools of every level, 0 (dense) to `levels`, known before anything is trained.

    Counts follow from the level, not from the count before, so that rounding never adds up.

    Args:
        layers: the prunable layers.
        rates: fraction pruned per level for each kind of layer; a kind that is not named is never pruned.
        levels: how many times to prune.
        scope: who competes.
        schedule: density from rate and level.

    Raises:
        WinnowError: WN-P01 when a pool would be emptied, or a level would prune nothing.
    """
    steps = []
    for level in range(levels + 1):
        densities = {layer.name: schedule(rates.get(layer.kind, 0.0), level, levels) for layer in layers}
        steps.append(scope(layers, densities))
        _check_level(steps, level)
    return steps


def _check_level(steps: Sequence[Sequence[Pool]], level: int) -> None:
    advice = f"At most {level - 1} levels fit; give fewer --levels, or lower rates."
    for pool in steps[level]:
        if pool.keep < 1:
            raise WinnowError("WN-P01", f"level {level} leaves nothing", where=", ".join(pool.names), fix=advice)
    if level and sum(p.keep for p in steps[level]) >= sum(p.keep for p in steps[level - 1]):
        raise WinnowError("WN-P01", f"level {level} prunes nothing more", fix=advice)


def _checked(scores: Mapping[str, Tensor], mask: Mask, name: str) -> Tensor:
    score = scores[name].detach().to("cpu")
    if score.shape != mask[name].shape:
        raise WinnowError("WN-P02", f"scores {tuple(score.shape)}, mask {tuple(mask[name].shape)}", where=name)
    if torch.isnan(score[mask[name]]).any():
        raise WinnowError("WN-P03", "a score is not a number", where=name, fix="Did the training diverge?")
    return score
