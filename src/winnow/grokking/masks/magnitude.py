"""The paper's tickets: the largest weights of a trained network, of all matrices together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.stacks.choosing import kept_count
from winnow.sparsity import Evidence, Mask, Pool, prune, score_named


def magnitude_mask(trained: Mapping[str, Tensor], prunable: Sequence[str], rate: float) -> Mask:
    """Global one-shot magnitude pruning, embeddings among the rest (Minegishi et al. 2023, section 3).

    Exactly floor(rate * total) weights go; of equal ones the earlier matrix and position first.

    Args:
        trained: one network's tensors by name.
        prunable: the matrices that are pruned, `Network.prunable`.
        rate: share of all their weights that goes (k of the paper), 0 to below 1.

    Raises:
        WinnowError: WN-R02 for a rate outside of [0, 1), WN-P03 when a weight is not a number.
    """
    return next_iterative_mask(Mask.ones({name: trained[name] for name in prunable}), trained, rate)


def next_iterative_mask(mask: Mask, trained: Mapping[str, Tensor], rate: float) -> Mask:
    """One round of iterative magnitude pruning: the smallest of the weights that remain go, pruned ones stay pruned.

    Args:
        mask: what remained while `trained` was trained; its names are what is pruned.
        trained: one network's tensors by name.
        rate: share of all weights, those of `mask` included that are gone already, that is gone after this round: one
            of `iterative_rates`. Counts follow from it and not from the count before, so that rounding never adds up.

    Raises:
        WinnowError: WN-R02 for a rate outside of [0, 1), WN-P03 when a weight is not a number.
    """
    weights = {name: trained[name] for name in mask}
    scores = score_named("magnitude")(Evidence(weights, weights))
    return prune(scores, mask, [Pool(tuple(mask), kept_count(mask.total, rate))])


def iterative_rates(rate: float, rounds: int) -> tuple[float, ...]:
    """Share of all weights that is gone after each round, when every round takes the same share of what is left.

    That is 1 - (1 - rate)^(round / rounds) (Frankle & Carbin 2019, section 2); the last is `rate` itself.

    Raises:
        WinnowError: WN-R02 for less than one round or a rate outside of [0, 1).
    """
    if rounds < 1 or not 0 <= rate < 1:
        raise WinnowError("WN-R02", "no such ladder of pruning", where=f"rate = {rate}, rounds = {rounds}")
    return (*(1 - (1 - rate) ** (done / rounds) for done in range(1, rounds)), rate)
