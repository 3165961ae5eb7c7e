"""Pruning = score x scope x schedule x structure; here the parts meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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


def prune_in_rounds(
    score: Callable[[Mask], Mapping[str, Tensor]],
    mask: Mask,
    pools: Sequence[Pool],
    structure: Structure | None = None,
    *,
    rounds: int = 1,
) -> Mask:
    """Prune to the pools' counts in rounds of one ratio, the score taken anew before each (Tanaka et al. 2020, sec. 6).

    Args:
        score: scores of the network under a mask.
        rounds: how many; after round k of n a pool keeps `before * (keep / before)^(k / n)` weights.
    """
    before = [sum(int(mask[name].sum()) for name in pool.names) for pool in pools]
    for done in range(1, rounds + 1):
        keeps = [
            pool.keep if done == rounds else max(pool.keep, round(count * (pool.keep / count) ** (done / rounds)))
            for pool, count in zip(pools, before, strict=True)
        ]
        steps = [Pool(pool.names, keep) for pool, keep in zip(pools, keeps, strict=True)]
        mask = prune(score(mask), mask, steps, structure)
    return mask


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

    def climb(count: int) -> tuple[list[list[Pool]], str | None]:
        """The ladder of so many levels as far as it goes, and why it ends early, if so."""
        steps: list[list[Pool]] = []
        for level in range(count + 1):
            densities = {layer.name: schedule(rates.get(layer.kind, 0.0), level, count) for layer in layers}
            pools = scope(layers, densities)
            problem = _problem(pools, steps[-1] if steps else None)
            if problem:
                return steps, f"level {level} {problem}"
            steps.append(pools)
        return steps, None

    steps, problem = climb(levels)
    if problem is None:
        return steps
    fitting = len(steps) - 1
    while fitting > 0 and climb(fitting)[1]:
        fitting //= 2
    advice = f"{fitting} levels fit: give fewer --levels, or lower rates."
    raise WinnowError("WN-P01", problem, fix=advice if fitting > 0 else "Give rates between 0 and 1, a larger network.")


def _problem(pools: Sequence[Pool], before: Sequence[Pool] | None) -> str | None:
    emptied = [pool for pool in pools if pool.keep < 1]
    if emptied:
        return f"leaves nothing of {', '.join(emptied[0].names)}"
    if before and sum(pool.keep for pool in pools) >= sum(pool.keep for pool in before):
        return "prunes nothing more"
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
