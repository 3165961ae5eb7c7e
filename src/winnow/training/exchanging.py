"""SET and RigL: networks that are sparse from the start and exchange weak connections for new ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.sparsity import Mask, Pool, prune
from winnow.training.rewiring import Updates, Wiring

# (network, name, seed) -> a score per weight of that tensor; the highest come back.
Growth = Callable[[Wiring, str, int], Tensor]


def by_gradient(network: Wiring, name: str, seed: int) -> Tensor:  # noqa: ARG001  (one signature for all)
    """|dense gradient| of the step's batch (Evci et al. 2020, "RigL", section 3, grow criterion)."""
    return network.gradients[name].abs()


def at_random(network: Wiring, name: str, seed: int) -> Tensor:
    """Draws of a stream of the member, the step and the tensor (Mocanu et al. 2018, "SET")."""
    member = network.member
    own = derive_seed(seed, "grow", member.branch, member.replicate, network.step, name)
    return torch.rand(network.mask[name].shape, generator=torch.Generator().manual_seed(own))


GROWTHS: dict[str, Growth] = {"set": at_random, "rigl": by_gradient}


@dataclass(frozen=True)
class Exchanging:
    """Drop the smallest |w| of every tensor, and let as many others come back; every tensor keeps its count.

    At step t the fraction `drop / 2 * (1 + cos(pi * t / until))` of a tensor's weights goes, rounded down (Evci et al.
    2020, section 3). As there, whatever is not left after the drop may come back, what was just dropped included: such
    a weight stays as it is. Unlike there, the step of a change trains the weights as any other does, just before.

    Args:
        growth: which come back.
        drop: the fraction at first.
        updates: when.
        seed: for growth at random.
    """

    growth: Growth
    drop: float
    updates: Updates
    seed: int = 0
    accumulates: bool = False

    def fraction(self, step: int) -> float:
        """The fraction of a tensor's weights that is exchanged at a step."""
        return self.drop / 2 * (1 + math.cos(math.pi * self.updates.fraction(step)))

    def rewired(self, network: Wiring) -> Mask:
        """See `Rewiring.rewired`; ties as in `winnow.sparsity.prune`."""
        mask = network.mask
        counts = {name: int(tensor.sum()) for name, tensor in mask.items()}
        going = {name: math.floor(self.fraction(network.step) * count + 1e-9) for name, count in counts.items()}
        staying = [Pool((name,), counts[name] - going[name]) for name in mask]
        left = prune({name: network.weights[name].abs() for name in mask}, mask, staying)
        candidates = Mask({name: ~tensor for name, tensor in left.items()})
        scores = {name: self.growth(network, name, self.seed) for name in mask}
        grown = prune(scores, candidates, [Pool((name,), going[name]) for name in mask])
        return Mask({name: left[name] | grown[name] for name in mask})
