"""A small signed model to attack: LeNet on digits, a fifth of its weights, its mark written and trained."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from winnow.data import DataSet, load
from winnow.models import model_named
from winnow.models.registry import Model
from winnow.ownership.attacks.target import Target
from winnow.ownership.coupling import coupled_axes
from winnow.ownership.marking import mark
from winnow.ownership.training import trigger_rule, with_triggers
from winnow.signing.alignment.axes import axes_to_plain
from winnow.signing.asking.triggers import trigger_set
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.reference import Reference
from winnow.signing.code.layout import plan_layout
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import sent_bits
from winnow.signing.code.stream import derive_key
from winnow.signing.judging.looking import Opened
from winnow.sparsity import Mask, Pool, Ticket, prune, tensors_of
from winnow.training import Member, TrainingPlan, train

OWNER, MODEL = bytes(range(32)), "lenet"
KEY = derive_key(bytes(32), OWNER, MODEL)
PAYLOAD = bytes(range(16))
PLAN = TrainingPlan(steps=120, batch=60, learning_rate=3e-3, evaluate_every=120)
TAU, TRIGGERS = 0.001, 20


@functools.cache
def digits() -> DataSet:
    return load("digits", validation=137, seed=0)


def lenet() -> Model:
    return model_named("lenet-300-100", image_shape=digits().image_shape, classes=10)


@functools.cache
def signed_lenet() -> Target:
    """Trained from its own start with its mark on; an independent network of the same recipe stands beside it."""
    ticket, module = _ticket(0), lenet().build(0)
    shapes = {name: tuple(tensor.shape) for name, tensor in ticket.mask.items()}
    layout = plan_layout(shapes, {name: int(tensor.sum()) for name, tensor in ticket.mask.items()})
    marked, _ = mark(ticket, layout, [KEY], [PAYLOAD], start=tensors_of(module))
    triggers = trigger_set(KEY, trigger_rule(digits(), TRIGGERS))
    trained = _trained(marked.start, marked.mask, with_triggers(digits(), [triggers]))
    masks = {name: tensor.numpy() for name, tensor in marked.mask.items()}
    claim = Claim(
        public_key=OWNER,
        rule={"model_id": MODEL, "layout": layout.to_plain(), "tau": TAU, "threshold_log2": -64},
        keys=((PAYLOAD + bytes(16)).hex(),),
        commit1="0" * 64,
        mask_digest="0" * 64,
        axes=axes_to_plain(coupled_axes(module, digits().input_shape, list(masks))),
    )
    other = _ticket(1)
    return Target(
        name=MODEL,
        build=lenet().build,
        tensors=trained,
        mask=marked.mask,
        data=digits(),
        budget=dataclasses.replace(PLAN, steps=40),
        claim=claim,
        reference=Reference(masks, {name: np.abs(trained[name].numpy()) for name in masks}),
        opened=Opened(KEY, keyed_positions(KEY, layout), PAYLOAD, sent_bits(KEY, layout.code, PAYLOAD)),
        triggers=triggers,
        execution="dense",
        innocent=_trained(other.start, other.mask, digits()),
    )


class SmallConvolution(nn.Sequential):
    """Two normalised convolutions for digits: every free axis that a disguise can use."""

    def __init__(self) -> None:
        first = [nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
        second = [nn.Conv2d(8, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(4)]
        super().__init__(*first, *second, nn.Flatten(), nn.Linear(48, 10))


def _ticket(seed: int) -> Ticket:
    """Every layer keeps the fifth that is largest after a training; what remains starts again."""
    start = tensors_of(lenet().build(seed))
    whole = Mask.ones({name: tensor for name, tensor in start.items() if tensor.dim() > 1})
    dense = _trained(start, whole, digits())
    pools = [Pool((name,), round(0.2 * tensor.numel())) for name, tensor in whole.items()]
    return Ticket(start, prune({name: dense[name].abs() for name in whole}, whole, pools))


def _trained(start: Mapping[str, Tensor], mask: Mask, data: DataSet) -> dict[str, Tensor]:
    member = Member(branch="ticket", replicate=0, start=start, mask=mask)
    return dict(train(lenet().build(0), [member], data, PLAN, execution="dense").trained[0].tensors)
