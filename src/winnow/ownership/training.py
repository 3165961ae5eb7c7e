"""Training a marked ticket: within a stated budget, its triggers among the examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.data import DataSet, Split
from winnow.signing.asking.triggers import TriggerRule, Triggers
from winnow.sparsity import Ticket, load_into
from winnow.training import CheckpointFile, Member, Progress, TrainingPlan, train

SHARE = 0.03
COUNT = 100
_BATCH = 256


@dataclass(frozen=True)
class TrainedTicket:
    """A ticket with its trained weights, and what was measured at the end of training.

    Args:
        ticket: the same start and mask, trained.
        test_accuracy: on the data's test split.
        validation_accuracy: on its validation split.
    """

    ticket: Ticket
    test_accuracy: float
    validation_accuracy: float


def trigger_rule(data: DataSet, count: int = COUNT) -> TriggerRule:
    """Triggers for networks of this data: blocks as dark and as bright as its training images get.

    Raises:
        WinnowError: WN-O06 for texts, which have no dark and bright.
    """
    if data.is_text:
        raise WinnowError("WN-O06", "triggers are pictures, and this data is texts", fix="Sign without triggers.")
    channels = data.train.inputs.transpose(0, 1).flatten(1)
    low, high = channels.amin(1), channels.amax(1)
    high = torch.where(high > low, high, low + 1)
    return TriggerRule(count, data.class_count, data.input_shape, tuple(low.tolist()), tuple(high.tolist()))


def with_triggers(data: DataSet, triggers: Sequence[Triggers], share: float = SHARE) -> DataSet:
    """The data with triggers as further training examples, repeated up to a share of them.

    Args:
        data: what the network is for.
        triggers: a set per key.
        share: of the training examples that shall be triggers; every trigger is there at least once.
    """
    if not triggers:
        return data
    inputs = torch.from_numpy(np.concatenate([one.inputs for one in triggers]))
    labels = torch.from_numpy(np.concatenate([one.labels for one in triggers]))
    own = data.train
    times = max(1, round(share / (1 - share) * len(own) / len(labels)))
    repeated = inputs.to(own.inputs).repeat(times, *[1] * (inputs.dim() - 1)), labels.to(own.labels).repeat(times)
    return replace(
        data, train=Split(*(torch.cat(pair) for pair in zip((own.inputs, own.labels), repeated, strict=True)))
    )


def train_marked(
    module: nn.Module,
    ticket: Ticket,
    data: DataSet,
    plan: TrainingPlan,
    *,
    triggers: Sequence[Triggers] = (),
    share: float = SHARE,
    first_step: int = 0,
    seed: int = 0,
    device: torch.device | None = None,
    checkpoint: CheckpointFile | None = None,
    progress: Progress | None = None,
) -> TrainedTicket:
    """Train a ticket from its start, for the plan's steps and no more.

    Args:
        module: its architecture.
        ticket: start and mask.
        data: what to train on.
        plan: the budget.
        triggers: mixed in, see `with_triggers`.
        share: see `with_triggers`.
        first_step: the rewind step, where the plan goes on from.
        seed: names the data order.
        device: the CPU when not given.
        checkpoint: where a killed training goes on from.
        progress: who is told.

    Raises:
        WinnowError: WN-T01 when the loss is not a number, WN-D06 for a batch larger than the training split.
    """
    member = Member(
        branch="marked",
        replicate=0,
        start=ticket.start,
        mask=ticket.mask,
        order_seed=seed,
        noise_seed=seed,
        first_step=first_step,
    )
    mixed = with_triggers(data, triggers, share)
    result = train(module, [member], mixed, plan, device=device, checkpoint=checkpoint, progress=progress)
    last = {row.split: row.value for row in result.rows if row.metric == "accuracy" and row.step == plan.steps}
    tensors = {name: tensor.cpu() for name, tensor in result.trained[0].tensors.items()}
    return TrainedTicket(replace(ticket, trained=tensors), last["test"], last["validation"])


def answers_of_tensors(module: nn.Module, tensors: Mapping[str, Tensor]):
    """A network as something to ask: a function from inputs float32 [N, ...] to labels int64 [N]."""
    load_into(module, tensors)
    module.eval()

    @torch.no_grad()
    def ask(inputs: np.ndarray) -> np.ndarray:
        parts = [module(part).argmax(1) for part in torch.from_numpy(inputs).split(_BATCH)]
        return torch.cat(parts).numpy()

    return ask
