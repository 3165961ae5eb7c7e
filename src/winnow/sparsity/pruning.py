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

    def steps_of(count: int) -> list[list[Pool]]:
        return [
            scope(layers, {layer.name: schedule(rates.get(layer.kind, 0.0), level, count) for layer in layers})
            for level in range(count + 1)
        ]

    steps = steps_of(levels)
    problem = _problem(steps)
    if problem:
        fitting = next((count for count in range(levels - 1, 0, -1) if not _problem(steps_of(count))), 0)
        advice = f"At most {fitting} levels fit; give fewer --levels, or lower rates."
        raise WinnowError("WN-P01", problem, fix=advice if fitting else "Give rates above 0, or a larger network.")
    return steps


def _problem(steps: Sequence[Sequence[Pool]]) -> str | None:
    """Why a ladder cannot be climbed, if so."""
    for level, pools in enumerate(steps):
        emptied = [pool for pool in pools if pool.keep < 1]
        if emptied:
            return f"level {level} leaves nothing of {', '.join(emptied[0].names)}"
        if level and sum(p.keep for p in pools) >= sum(p.keep for p in steps[level - 1]):
            return f"level {level} prunes nothing more"
    return None


def _checked(scores: Mapping[str, Tensor], mask: Mask, name: str) -> Tensor:
    if name not in scores:
        raise WinnowError("WN-P02", "there is no score for this weight", where=name)
    score = scores[name].detach().to("cpu")
    if score.shape != mask[name].shape:
        raise WinnowError("WN-P02", f"scores {tuple(score.shape)}, mask {tuple(mask[name].shape)}", where=name)
    if torch.isnan(score[mask[name]]).any():
        raise WinnowError("WN-P03", "a score is not a number", where=name, fix="Did the training diverge?")
    return score
