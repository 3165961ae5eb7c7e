"""Retraining as an attacker does it: the owner's way of training, a stated number of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Generator, Tensor

from winnow.data import DataSet
from winnow.ownership.attacks.target import Target, drawn_seed
from winnow.sparsity import Mask
from winnow.training import Member, Trained, train
from winnow.training.rewiring import Rewiring


def retrained(
    target: Target,
    tensors: Mapping[str, Tensor],
    mask: Mask,
    generator: Generator,
    *,
    data: DataSet | None = None,
    rate: float = 1.0,
    rewiring: Rewiring | None = None,
) -> Trained:
    """The network after the target's budget of training.

    Args:
        target: its architecture, data and budget.
        tensors: where training starts.
        mask: what is trained; the rest is 0 after every step.
        generator: draws the data order.
        data: instead of the target's.
        rate: times the budget's learning rate.
        rewiring: changes the mask on the way.

    Raises:
        WinnowError: WN-T01 when the loss is not a number.
    """
    budget = target.budget
    # Between the ends nobody looks: the audit measures what comes out.
    plan = replace(budget, learning_rate=rate * budget.learning_rate, evaluate_every=budget.steps)
    seed = drawn_seed(generator)
    member = Member(branch="attack", replicate=0, start=tensors, mask=mask, order_seed=seed, noise_seed=seed)
    result = train(
        target.build(0),
        [member],
        data or target.data,
        plan,
        device=target.device,
        execution=target.execution,
        rewiring=rewiring,
    )
    trained = result.trained[0]
    return replace(trained, tensors={name: tensor.cpu() for name, tensor in trained.tensors.items()})
