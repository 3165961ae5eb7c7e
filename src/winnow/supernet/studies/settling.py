"""Prunings between two phases, where a pipeline needs one that the loop does not make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from winnow.sparsity import Mask, Pool, prune
from winnow.sparsity.scopes import round_half_up
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.studies.problem import Problem
from winnow.supernet.studies.starts import is_head
from winnow.supernet.training import Learner, Phase
from winnow.supernet.training.pruning import prune_weights
from winnow.supernet.training.saliency import weight_scores


def settle(learner: Learner, problem: Problem, recipe: SupernetRecipe) -> dict[str, Any]:
    """Take the mask of the weights that a search left anew, at the recipe's sparsity.

    A search removes units with masked and unmasked weights alike, so the share of masked ones moves; all pipelines
    shall end at the same. All weights compete, masked ones by the values that they kept.
    """
    phase = Phase("settle", 1, prune=True, sparsity=recipe.sparsity)
    chosen = replace(recipe, reactivation="search")
    return prune_weights(learner, phase, problem.task, problem.data.train, chosen, 1, 1)


def prune_head(learner: Learner, problem: Problem, recipe: SupernetRecipe) -> dict[str, Any]:
    """Prune a fresh head to the recipe's sparsity, all of its layers together; the trunk's mask stays bit for bit."""
    before = Mask(learner.mask)
    names = tuple(name for name in before if is_head(name))
    scores = weight_scores(learner, before, problem.task, problem.data.train, recipe)
    keep = round_half_up(sum(before[name].numel() for name in names) * (1 - recipe.sparsity))
    made = prune(scores, before, [Pool(names, keep)])
    learner.mask = {name: part.to(learner.device) for name, part in made.items()}
    learner.pruned = {name: part.clone() for name, part in learner.mask.items()}
    moved = sum(_changed(made, before)) / max(made.total, 1)
    return {"kind": "prune", "sparsity": 1 - made.density, "hamming": moved, "returned": 0.0, "lifted": False}


def _changed(made: Mapping[str, Tensor], before: Mapping[str, Tensor]) -> list[int]:
    return [int((part ^ before[name]).sum()) for name, part in made.items()]
