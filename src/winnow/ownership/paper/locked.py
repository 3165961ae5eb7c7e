"""V1: a mask split in two, what is released and a key that is withheld (Chen et al. 2021, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Mask, Pool, prune


@dataclass(frozen=True)
class Locked:
    """The two parts of a mask; together they are the mask, and they share no weight.

    Args:
        mask: what is released.
        key: what is withheld.
    """

    mask: Mask
    key: Mask


def lock(mask: Mask, scores: Mapping[str, Tensor], share: float) -> Locked:
    """Take the weights of highest score into a key; ties as in `winnow.sparsity.prune`.

    Weights of all layers compete, as in the paper.

    Args:
        mask: the ticket's.
        scores: per weight (`winnow.ownership.paper.scores`).
        share: of the weights that remain, the fraction that goes into the key.

    Raises:
        WinnowError: WN-O06 when the key would be empty or leave nothing.
    """
    count = round(share * mask.kept)
    if not 0 < count < mask.kept:
        told = f"a key of {count} of {mask.kept} weights locks nothing or everything"
        raise WinnowError("WN-O06", told, fix="Give a share between 0 and 1.")
    key = prune(scores, mask, [Pool(tuple(mask), count)])
    return Locked(Mask({name: tensor & ~key[name] for name, tensor in mask.items()}), key)


def restore(locked: Mask, key: Mask) -> Mask:
    """The mask that was split.

    Raises:
        WinnowError: WN-O06 when the key belongs to another network, or has a weight that was released.
    """
    if {name: t.shape for name, t in locked.items()} != {name: t.shape for name, t in key.items()}:
        raise WinnowError("WN-O06", "the key has other layers than the mask", fix="Is it the key of this ticket?")
    shared = next((name for name, tensor in locked.items() if (tensor & key[name]).any()), None)
    if shared is not None:
        raise WinnowError("WN-O06", "the key has weights that the mask has, too", where=shared)
    return Mask({name: tensor | key[name] for name, tensor in locked.items()})


def fake_key(locked: Mask, counts: Mapping[str, int], seed: int) -> Mask:
    """Random weights that the locked mask lacks, so many of every layer: what a thief guesses without an idea."""
    generator = torch.Generator().manual_seed(seed)
    draws = {name: torch.rand(tensor.shape, generator=generator) for name, tensor in locked.items()}
    return added_by_score(locked, draws, counts)


def added_by_score(locked: Mask, scores: Mapping[str, Tensor], counts: Mapping[str, int]) -> Mask:
    """The weights of highest score that the locked mask lacks, so many of every layer."""
    lacking = Mask({name: ~tensor for name, tensor in locked.items()})
    return prune(scores, lacking, [Pool((name,), counts[name]) for name in locked])
