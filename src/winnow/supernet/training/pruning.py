"""Prune events: progressive pruning of all maskable weights together, and how much the mask moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from winnow.data.vision import VisionSplit
from winnow.sparsity import Mask, Pool, prune
from winnow.sparsity.scopes import round_half_up
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.tasks import Task
from winnow.supernet.training.learner import Learner
from winnow.supernet.training.phase import Phase
from winnow.supernet.training.saliency import weight_scores


def prune_weights(
    learner: Learner, phase: Phase, task: Task, split: VisionSplit, recipe: SupernetRecipe, number: int, count: int
) -> dict[str, Any]:
    """Prune to the event's sparsity, the lowest scores over all maskable weights, in an exact count.

    The k-th event goes to min(p, k * `recipe.progress`), the last of the phase always to p (progressive pruning).
    Weights that the mask hides compete with their kept values and can return, unless `recipe.reactivation` is "none".
    With "prune" the mask is lifted after every event but the last, for dense training in between.

    Args:
        learner: its mask is changed.
        phase: its sparsity is p.
        task: for scores that ask for the loss.
        split: training images, for the same.
        recipe: how to prune.
        number: of this event in the phase, from 1.
        count: events of the phase.

    Returns:
        What happened: the sparsity, the distance to the mask before, and the share of weights that returned.
    """
    last = number == count
    sparsity = phase.sparsity if last else min(phase.sparsity, number * recipe.progress)
    candidates = Mask(learner.mask) if recipe.reactivation == "none" else Mask.ones(learner.mask)
    scores = weight_scores(learner, candidates, task, split, recipe)
    keep = round_half_up(candidates.total * (1 - sparsity))
    made = _on_device(prune(scores, candidates, [Pool(tuple(candidates), keep)]), learner)
    moved = _movement(made, learner.mask, learner.pruned)
    lifted = recipe.reactivation == "prune" and not last
    learner.pruned = made
    learner.mask = {name: torch.ones_like(part) if lifted else part.clone() for name, part in made.items()}
    return {"kind": "prune", "sparsity": _sparsity(made), "lifted": lifted, **moved}


def _on_device(mask: Mask, learner: Learner) -> dict[str, Tensor]:
    return {name: part.to(learner.device) for name, part in mask.items()}


def _movement(
    made: Mapping[str, Tensor], before: Mapping[str, Tensor], pruned: Mapping[str, Tensor]
) -> dict[str, float]:
    """How far the new mask is from the one in force and from that of the last pruning, and how much returned.

    All are shares, of the positions or of the kept weights; what a search removed in between is in none of them. A
    weight returned when it is kept now and the last pruning had pruned it.
    """
    total = sum(part.numel() for part in made.values())
    kept = sum(int(part.sum()) for part in made.values())
    old = {name: pruned.get(name, torch.ones_like(part)) for name, part in made.items()}
    return {
        "moved_from_mask": sum(int((made[n] ^ before[n]).sum()) for n in made) / max(total, 1),
        "hamming": sum(int((made[n] ^ old[n]).sum()) for n in made) / max(total, 1),
        "returned": sum(int((made[n] & ~old[n]).sum()) for n in made) / max(kept, 1),
    }


def _sparsity(mask: Mapping[str, Tensor]) -> float:
    total = sum(part.numel() for part in mask.values())
    return 1 - sum(int(part.sum()) for part in mask.values()) / max(total, 1)
