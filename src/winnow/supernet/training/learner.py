"""`Learner`: a supernet in training: its weights, their average, the optimizer, the mask, and where it began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, optim

from winnow.core import WinnowError
from winnow.sparsity import load_into, tensors_of
from winnow.supernet.network import Supernet, build, maskable
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import Architecture
from winnow.supernet.tasks import Task
from winnow.supernet.training.optimizers import optimizer_named


@dataclass
class Learner:
    """Everything that training changes.

    Args:
        network: the raw weights; those that the mask hides have their values, too.
        optimizer: it holds every parameter of the network, in one group.
        average: moving average of all parameters and buffers, by name.
        mask: boolean tensors by maskable weight's name: True where the weight takes part.
        start: the tensors that training started from; what search removes is removed here, too.
        pruned: the mask of the last pruning, sliced along, whether it was lifted since or not; empty before the first.
        seed: root of the order of images, of their augmentation and of drawn scores.
        step: updates so far.
    """

    network: Supernet
    optimizer: optim.Optimizer
    average: dict[str, Tensor]
    mask: dict[str, Tensor]
    start: dict[str, Tensor]
    pruned: dict[str, Tensor] = field(default_factory=dict)
    seed: int = 0
    step: int = 0

    @classmethod
    def fresh(
        cls,
        architecture: Architecture,
        task: Task,
        recipe: SupernetRecipe,
        seed: int,
        *,
        device: torch.device | None = None,
    ) -> Learner:
        """An untrained network with all of its weights; see `from_tensors`."""
        return cls.from_tensors(architecture, {}, {}, task, recipe, seed, device=device)

    @classmethod
    def from_tensors(
        cls,
        architecture: Architecture,
        tensors: Mapping[str, Tensor],
        mask: Mapping[str, Tensor],
        task: Task,
        recipe: SupernetRecipe,
        seed: int,
        *,
        device: torch.device | None = None,
    ) -> Learner:
        """A network that starts from given tensors and a given mask, with a new optimizer.

        Args:
            architecture: as wide as the tensors.
            tensors: parameters and buffers by name; those that are missing (another task's head) are drawn.
            mask: by maskable weight's name; those that are missing keep all of their weights.
            task: what it learns.
            recipe: optimizer and rate.
            seed: of what is drawn.
            device: where it trains; the CPU when None.

        Raises:
            WinnowError: WN-M02 when the task has another number of outputs or a tensor does not fit, WN-P02 when a
                mask does not fit.
        """
        if task.outputs != architecture.outputs:
            counts = f"{architecture.outputs} outputs, the task {task.outputs}"
            raise WinnowError("WN-M02", f"the network has {counts}", where=task.name)
        network = build(architecture, seed).to(device)
        load_into(network, {**tensors_of(network), **tensors})
        optimizer = optimizer_named(recipe.optimizer, network.parameters(), recipe.learning_rate)
        average, start = tensors_of(network), tensors_of(network)
        return cls(network, optimizer, average, _whole_mask(network, mask), start, seed=seed)

    @property
    def architecture(self) -> Architecture:
        """What search has left so far."""
        return self.network.architecture

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @property
    def sparsity(self) -> float:
        """Share of the maskable weights that the mask hides."""
        total = sum(part.numel() for part in self.mask.values())
        return 1 - sum(int(part.sum()) for part in self.mask.values()) / max(total, 1)


def _whole_mask(network: Supernet, mask: Mapping[str, Tensor]) -> dict[str, Tensor]:
    weights = maskable(network)
    for name, part in mask.items():
        if name not in weights or weights[name].shape != part.shape:
            raise WinnowError("WN-P02", "the network has no such weight of the mask's shape", where=name)
    return {
        name: mask[name].to(weight.device, torch.bool, copy=True)
        if name in mask
        else torch.ones(weight.shape, dtype=torch.bool, device=weight.device)
        for name, weight in weights.items()
    }
