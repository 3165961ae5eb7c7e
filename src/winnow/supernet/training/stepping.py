"""One update: masked forward and backward, L2, L1, the optimizer, the proximal step, the average."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.supernet.network import maskable
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.tasks import Task
from winnow.supernet.training.averaging import Averaging, decay_at
from winnow.supernet.training.learner import Learner
from winnow.supernet.training.masking import Hidden
from winnow.supernet.training.penalty import Penalty, ramp
from winnow.supernet.training.phase import Phase, searches
from winnow.supernet.training.rates import rate_factor

_DECAYED = (nn.Conv1d, nn.Conv2d, nn.Linear)

# Operations on many tensors at once, which the type stubs of torch leave out.
_operations: Any = torch


class Stepper:
    """Updates a learner of one architecture under one mask; a search or a pruning needs a new one.

    Args:
        learner: what is updated.
        phase: its steps are those of the learning rate and the penalty's ramp.
        task: gives the loss.
        recipe: how to train.
    """

    def __init__(self, learner: Learner, phase: Phase, task: Task, recipe: SupernetRecipe) -> None:
        network = learner.network
        self._learner, self._phase, self._task, self._recipe = learner, phase, task, recipe
        self._hidden = Hidden(maskable(network), learner.mask)
        self._decayed = [part.weight for part in network.modules() if isinstance(part, _DECAYED)]
        self._parameters = list(network.parameters())
        self._penalty = Penalty(network) if searches(phase, recipe) and recipe.rho else None
        self._averaging = Averaging(learner.average, network.state_dict(keep_vars=True))

    def step(self, done: int, images: Tensor, targets: Tensor) -> float:
        """Update once.

        The gradient of the task reaches only what the mask keeps; L2 and the optimizer's moments move the rest, too,
        as in the released code.

        Args:
            done: updates of the phase before this one.
            images: float32 [B, 3, H, W], prepared.
            targets: as the task prepares them.

        Returns:
            The task's loss before the update.

        Raises:
            WinnowError: WN-T01 when it is not a number.
        """
        loss = self._differentiate(images, targets)
        if not math.isfinite(loss):
            raise WinnowError(
                "WN-T01",
                f"after {self._learner.step} updates the loss is {loss}",
                where=self._phase.name,
                fix="Lower --learning-rate.",
            )
        self._update(done)
        return loss

    def _differentiate(self, images: Tensor, targets: Tensor) -> float:
        network = self._learner.network
        for parameter in self._parameters:
            parameter.grad = None
        with self._hidden():
            loss = self._task.loss(network(images), targets)
            loss.backward()
        self._hidden.silence_gradients()
        return float(loss.detach())

    @torch.no_grad()
    def _update(self, done: int) -> None:
        learner, recipe, steps = self._learner, self._recipe, self._phase.steps
        rate = recipe.learning_rate * rate_factor(recipe.schedule, done, steps)
        rho = recipe.rho * ramp(done, steps, recipe.rho_ramp)
        self._add_decay()
        if self._penalty and not recipe.proximal:
            self._penalty.add_gradient(rho)
        for group in learner.optimizer.param_groups:
            group["lr"] = rate
        learner.optimizer.step()
        if self._penalty and recipe.proximal:
            self._penalty.shrink(rate * rho)
        self._averaging.update(decay_at(learner.step, recipe.average))
        learner.step += 1

    def _add_decay(self) -> None:
        if not self._recipe.weight_decay:
            return
        with_gradient = [weight for weight in self._decayed if weight.grad is not None]
        gradients = [weight.grad for weight in with_gradient if weight.grad is not None]
        _operations._foreach_add_(gradients, with_gradient, alpha=self._recipe.weight_decay)
