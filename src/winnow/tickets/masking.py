"""Masks of a level: the recipe's score, scope, structure and rounds, applied to one replicate's weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from winnow.core import derive_seed
from winnow.data import Split
from winnow.sparsity import PROBING, Evidence, Mask, Probe, prune_in_rounds, score_named, structure_named, weights_of
from winnow.tickets.prepared import Prepared

_PER_CLASS = 10


class Masker:
    """Prunes a replicate to a level of the ladder.

    Args:
        prepared: recipe, data and ladder.
        module: the architecture, for scores that run it.
    """

    def __init__(self, prepared: Prepared, module: nn.Module) -> None:
        self._prepared, self._recipe, self._module = prepared, prepared.recipe, module
        self._score = score_named(self._recipe.score)
        self._structure = structure_named(self._recipe.structure)

    def pruned(
        self, level: int, replicate: int, mask: Mask, start: Mapping[str, Tensor], now: Mapping[str, Tensor]
    ) -> Mask:
        """The level's mask.

        Args:
            mask: what remained before; the level's count is a part of it.
            start: all tensors at the rewind step.
            now: all tensors where the score is taken: trained ones, or the start itself before any training.
        """
        layers = self._prepared.layers
        seed = derive_seed(self._recipe.seed, "score", replicate, level)
        examples = self._examples(replicate) if self._recipe.score in PROBING else None

        def score(mask: Mask) -> dict[str, Tensor]:
            probe = Probe(self._module, now, mask, *examples, seed) if examples else None
            weights = weights_of(mask.applied(now), layers)
            return self._score(Evidence(weights_of(start, layers), weights, seed, probe))

        pools = self._prepared.ladder[level]
        return prune_in_rounds(score, mask, pools, self._structure, rounds=self._recipe.score_rounds)

    def _examples(self, replicate: int) -> tuple[Tensor, Tensor]:
        data = self._prepared.data
        count = self._recipe.score_images or _PER_CLASS * data.class_count
        return _balanced(data.train, count, data.class_count, derive_seed(self._recipe.seed, "score", replicate))


def _balanced(split: Split, count: int, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """Inputs and labels drawn from the split, in turn from every class."""
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(seed))
    labels = split.labels[order]
    turns = torch.empty_like(labels)
    for label in range(classes):
        own = labels == label
        turns[own] = torch.arange(int(own.sum()))
    chosen = order[turns.argsort(stable=True)[:count]]
    return split.inputs[chosen], split.labels[chosen]
