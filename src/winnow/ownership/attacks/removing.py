"""Removing: some of the weights that remain are pruned, so that bits lose their margin."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from winnow.ownership.attacks.retraining import retrained
from winnow.ownership.attacks.target import Attack, Attacked, Target
from winnow.sparsity import Mask, Pool, prune

_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
_UNIT = "share of the remaining weights that is pruned"


def thinned(mask: Mask, scores: Mapping[str, Tensor], share: float) -> Mask:
    """The mask without a share of what remains, the lowest scores of all layers together; the count is exact."""
    kept = mask.kept - round(share * mask.kept)
    return prune(scores, mask, [Pool(tuple(mask), kept)])


def smallest(target: Target, share: float, generator: Generator) -> Attacked:  # noqa: ARG001  (one signature for all)
    """Prune the smallest |w| of all layers together (PyTorch's `global_unstructured`, as Chen et al. 2021 did)."""
    mask = thinned(target.mask, magnitudes(target.tensors, target.mask), share)
    return Attacked(mask.applied(target.tensors), mask, note="the smallest weights were pruned, no tuning")


def at_random(target: Target, share: float, generator: Generator) -> Attacked:
    """Prune weights drawn at random from all that remain."""
    scores = {name: torch.rand(tensor.shape, generator=generator) for name, tensor in target.mask.items()}
    mask = thinned(target.mask, scores, share)
    return Attacked(mask.applied(target.tensors), mask, note="weights drawn at random were pruned, no tuning")


def smallest_tuned(target: Target, share: float, generator: Generator) -> Attacked:
    """Prune the smallest weights, then train what is left for the budget."""
    mask = thinned(target.mask, magnitudes(target.tensors, target.mask), share)
    trained = retrained(target, target.tensors, mask, generator)
    return Attacked(trained.tensors, mask, note="the smallest weights were pruned, the rest tuned")


def magnitudes(tensors: Mapping[str, Tensor], mask: Mask) -> dict[str, Tensor]:
    """|w| of the masked layers."""
    return {name: tensors[name].abs() for name in mask}


ATTACKS = (
    Attack(
        "prune-smallest", "removing", "Prunes the smallest remaining weights.", _UNIT, _SHARES, smallest, drawn=False
    ),
    Attack("prune-random", "removing", "Prunes remaining weights at random.", _UNIT, _SHARES, at_random),
    Attack(
        "prune-tune",
        "removing",
        "Prunes the smallest remaining weights and tunes the rest.",
        _UNIT,
        _SHARES,
        smallest_tuned,
    ),
)
