"""Gradual pruning: networks that start whole and lose weights on the way, by magnitude or by movement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from winnow.sparsity import Mask, Pool, prune
from winnow.sparsity.scopes import round_half_up
from winnow.sparsity.structures import Structure
from winnow.training.rewiring import Updates, Wiring

# A score per weight of the masked tensors; the lowest are pruned.
Ranking = Callable[[Wiring], Mapping[str, Tensor]]


def by_magnitude(network: Wiring) -> Mapping[str, Tensor]:
    """|w| now (Zhu & Gupta 2017, section 3)."""
    return {name: weight.abs() for name, weight in network.weights.items()}


def by_movement(network: Wiring) -> Mapping[str, Tensor]:
    """The accumulated movement, the sum over steps of -(weight * gradient) (Sanh et al. 2020, section 4).

    High where a weight kept moving away from 0. The paper multiplies the sum with a learning rate of the scores; its
    code trains them as parameters, at a rate of 0.01 on the weights' schedule. Here every step counts alike, with the
    factor 1: a constant factor ranks nothing differently. In the paper a pruned weight is kept aside and may come back;
    here it is 0, so its score stands still and masks only shrink.
    """
    return network.movement


RANKINGS: dict[str, Ranking] = {"gradual": by_magnitude, "movement": by_movement}


@dataclass(frozen=True)
class Thinning:
    """Prune along a cubic density from 1 at the first step to the pools' own at the last change.

    Density at a fraction x of the way: `final + (1 - final) * (1 - x)^3` (Zhu & Gupta 2017, equation 1), per pool,
    rounded to whole weights. Pruned weights stay pruned.

    Args:
        ranking: what decides.
        pools: who competes, and how many remain in the end.
        updates: when.
        structure: what is pruned as one; single weights when not given.
        accumulates: whether the ranking looks at movement.
    """

    ranking: Ranking
    pools: Sequence[Pool]
    updates: Updates
    structure: Structure | None = None
    accumulates: bool = False

    def pools_at(self, step: int, mask: Mask) -> list[Pool]:
        """The pools with the counts of a step."""
        rest = (1 - self.updates.fraction(step)) ** 3
        totals = [sum(mask[name].numel() for name in pool.names) for pool in self.pools]
        keeps = [p.keep + round_half_up((total - p.keep) * rest) for p, total in zip(self.pools, totals, strict=True)]
        return [Pool(pool.names, keep) for pool, keep in zip(self.pools, keeps, strict=True)]

    def rewired(self, network: Wiring) -> Mask:
        """See `Rewiring.rewired`; ties as in `winnow.sparsity.prune`."""
        pools = self.pools_at(network.step, network.mask)
        return prune(self.ranking(network), network.mask, pools, self.structure)
