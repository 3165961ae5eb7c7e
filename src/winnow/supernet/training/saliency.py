"""Scores of weights by the recipe's method, the task's own loss in place of a classifier's cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call

from winnow.core import WinnowError, derive_seed
from winnow.data.vision import VisionSplit
from winnow.sparsity import Evidence, Mask, Probe, score_named
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.tasks import Task
from winnow.supernet.training.learner import Learner

_METHODS = ("magnitude", "snip", "grasp", "synflow", "random")


@dataclass(frozen=True, eq=False)
class TaskProbe(Probe):
    """A probe that asks for the loss of a task. `labels` are targets as the task prepared them.

    Args:
        task: gives the loss of outputs and targets.
    """

    task: Task | None = None

    def loss(self, weights: Mapping[str, Tensor], temperature: float = 1.0) -> Tensor:
        """Mean loss of the examples in training mode; logits are divided by the temperature, heatmaps are not."""
        assert self.task is not None
        if self.task.name == "keypoints":
            temperature = 1.0
        with self._in_mode(training=True), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            outputs = functional_call(self.module, {**self._rest(weights), **weights}, (self.inputs,))
        return self.task.loss(outputs / temperature, self.labels)


def weight_scores(
    learner: Learner, mask: Mask, task: Task, split: VisionSplit, recipe: SupernetRecipe
) -> dict[str, Tensor]:
    """A score for every weight of the mask; the lowest go.

    Taken at the raw weights. SNIP and GraSP see one batch without augmentation; SynFlow sends ones through a network
    whose BatchNorm means are 0, as they are at the start, or the difference would not be a flow.

    Raises:
        WinnowError: WN-R02 when the method is none of this room's.
    """
    if recipe.score not in _METHODS:
        raise WinnowError("WN-R02", f"no score {recipe.score!r} here", where="--score", fix=", ".join(_METHODS))
    tensors = {name: t.detach() for name, t in learner.network.state_dict(keep_vars=True).items()}
    probe = None
    if recipe.score in ("snip", "grasp", "synflow"):
        probe = _probe(learner, tensors, mask, task, split, recipe)
    start, trained = ({name: group[name] for name in mask} for group in (learner.start, tensors))
    evidence = Evidence(start, trained, derive_seed(learner.seed, "score"), probe)
    return {name: score.detach() for name, score in score_named(recipe.score)(evidence).items()}


def _probe(
    learner: Learner,
    tensors: Mapping[str, Tensor],
    mask: Mask,
    task: Task,
    split: VisionSplit,
    recipe: SupernetRecipe,
) -> TaskProbe:
    generator = torch.Generator().manual_seed(derive_seed(learner.seed, "probe", learner.step))
    chosen = torch.randperm(len(split), generator=generator)[: recipe.batch]
    images, targets = task.prepared(split.images[chosen], split.targets[chosen], None)
    if recipe.score == "synflow":
        tensors = {n: torch.zeros_like(t) if n.endswith("running_mean") else t for n, t in tensors.items()}
    inputs, labels = images.to(learner.device), targets.to(learner.device)
    return TaskProbe(learner.network, tensors, mask, inputs, labels, learner.seed, task)
