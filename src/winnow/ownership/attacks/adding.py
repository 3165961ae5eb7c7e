"""Adding: weights come back where there were none, with or without others going, so that bits are flooded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor

from winnow.ownership.attacks.removing import magnitudes
from winnow.ownership.attacks.retraining import retrained
from winnow.ownership.attacks.target import Attack, Attacked, Target, drawn_seed
from winnow.sparsity import Mask, Pool, prune
from winnow.training.exchanging import GROWTHS, Exchanging
from winnow.training.rewiring import Updates, Wiring

_DEAD = (0.005, 0.01, 0.02, 0.05, 0.1)
_DROPS = (0.05, 0.1, 0.2, 0.3)
_TINY = 0.01  # of a live weight's size
_DEAD_UNIT = "share of the pruned places that are filled"
_DROP_UNIT = "share of the remaining weights that is exchanged"


def filled(target: Target, share: float, generator: Generator, *, scale: float, tuned: bool) -> Attacked:
    """Put weights on a share of the pruned places of all layers, and tune or not.

    Args:
        scale: of the new weights; each is `scale` times the |w| of a live weight of its layer, with a sign drawn.
        tuned: train all of them for the budget.
    """
    added = _places(target.mask, share, generator)
    tensors = dict(target.tensors)
    for name, new in added.items():
        drawn = _values(target.tensors[name][target.mask[name]], int(new.sum()), generator)
        tensors[name] = target.tensors[name].masked_scatter(new, scale * drawn.to(tensors[name].dtype))
    mask = Mask({name: tensor | added[name] for name, tensor in target.mask.items()})
    if tuned:
        return Attacked(retrained(target, tensors, mask, generator).tensors, mask, note="weights added, all tuned")
    return Attacked(tensors, mask, note="weights added, no tuning")


def exchanged(target: Target, share: float, generator: Generator) -> Attacked:
    """Drop the smallest weights of every layer once, grow as many where the loss asks for them, tune for the budget."""
    return _rewired(target, generator, _Once(share), "a share was exchanged once, then tuned")


def rigl(target: Target, drop: float, generator: Generator) -> Attacked:
    """RigL (Evci et al. 2020) from the released network on: an exchange ten times until 3/4 of the budget."""
    until = max(3 * target.budget.steps // 4, 1)
    updates = Updates(max(until // 10, 1), until)
    method = Exchanging(GROWTHS["rigl"], drop, updates, drawn_seed(generator))
    return _rewired(target, generator, method, "exchanged again and again while it was tuned")


@dataclass(frozen=True)
class _Once:
    """One exchange after the first step; unlike RigL, nothing that was dropped may come back."""

    share: float
    updates: Updates = Updates(1, 1)
    accumulates: bool = False

    def rewired(self, network: Wiring) -> Mask:
        mask, moved = network.mask, {}
        for name, tensor in mask.items():
            count = int(tensor.sum())
            moved[name] = min(math.floor(self.share * count + 1e-9), tensor.numel() - count)
        staying = [Pool((name,), int(mask[name].sum()) - moved[name]) for name in mask]
        left = prune(magnitudes(network.weights, mask), mask, staying)
        dead = Mask({name: ~tensor for name, tensor in mask.items()})
        grown = prune(magnitudes(network.gradients, mask), dead, [Pool((name,), moved[name]) for name in mask])
        return Mask({name: left[name] | grown[name] for name in mask})


def _rewired(target: Target, generator: Generator, method: _Once | Exchanging, note: str) -> Attacked:
    trained = retrained(target, target.tensors, target.mask, generator, rewiring=method)
    return Attacked(trained.tensors, trained.member.mask, note=note)


def _places(mask: Mask, share: float, generator: Generator) -> Mask:
    """Where weights come: so many of the pruned places of all layers together, drawn at random; counts are exact."""
    dead = Mask({name: ~tensor for name, tensor in mask.items()})
    scores = {name: torch.rand(tensor.shape, generator=generator) for name, tensor in dead.items()}
    return prune(scores, dead, [Pool(tuple(dead), round(share * dead.kept))])


def _values(live: Tensor, count: int, generator: Generator) -> Tensor:
    """Sizes drawn from those of the layer's live weights, signs drawn; ones where nothing lives."""
    signs = 2.0 * torch.randint(2, (count,), generator=generator) - 1
    if not len(live):
        return signs
    return signs * live.abs()[torch.randint(len(live), (count,), generator=generator)]


def _adding(name: str, what: str, *, scale: float, tuned: bool) -> Attack:
    return Attack(name, "adding", what, _DEAD_UNIT, _DEAD, partial(filled, scale=scale, tuned=tuned))


ATTACKS = (
    _adding("add-tiny", "Adds tiny weights.", scale=_TINY, tuned=False),
    _adding("add-matched", "Adds weights of the size of the live ones.", scale=1, tuned=False),
    _adding("add-tiny-tune", "Adds tiny weights and tunes all.", scale=_TINY, tuned=True),
    _adding("add-matched-tune", "Adds weights of the size of the live ones and tunes all.", scale=1, tuned=True),
    Attack("exchange", "adding", "Drops weights, grows as many elsewhere, tunes.", _DROP_UNIT, _DROPS, exchanged),
    Attack("rigl", "adding", "Exchanges weights again and again while tuning.", _DROP_UNIT, _DROPS, rigl),
)
