"""The attack on V1: what each way starts from, and that growing weights anew makes up for a withheld key."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from winnow.core import WinnowError
from winnow.data import DataSet, load
from winnow.ownership.paper.locked import Locked, lock
from winnow.ownership.paper.regrow import WAYS, Recovery, recovered_gap, regrow
from winnow.ownership.paper.scores import Scored, by_magnitude
from winnow.sparsity import Mask, Pool, hamming, prunable_layers, prune, tensors_of, weights_of
from winnow.training import Member, TrainingPlan, train

pytestmark = pytest.mark.usefixtures("one_thread")

PLAN = TrainingPlan(steps=150, batch=60, evaluate_every=150, learning_rate=5e-3)
SHORT = replace(PLAN, steps=3, evaluate_every=3)


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return load("digits", validation=287, seed=0)


@pytest.fixture(scope="module")
def owned(digits: DataSet) -> tuple[nn.Module, Member, Locked]:
    """A ticket of 20 % by magnitude, and 35 % of it withheld."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 60), nn.ReLU(), nn.Linear(60, 40), nn.ReLU(), nn.Linear(40, 10))
    start = tensors_of(module)
    weights = weights_of(start, prunable_layers(module))
    dense = Member(branch="dense", replicate=0, start=start, mask=Mask.ones(weights))
    (trained,) = train(module, [dense], digits, PLAN, execution="dense").trained
    pools = [Pool((name,), weight.numel() // 5) for name, weight in weights.items()]
    mask = prune({name: trained.tensors[name].abs() for name in weights}, dense.mask, pools)
    owner = replace(dense, mask=mask, start=mask.applied(start))
    return module, owner, lock(mask, by_magnitude(Scored(trained.tensors, mask)), 0.35)


@pytest.fixture(scope="module")
def recoveries(owned: tuple[nn.Module, Member, Locked], digits: DataSet) -> dict[str, Recovery]:
    module, owner, locked = owned
    return {one.way: one for one in regrow(module, owner, locked, digits, PLAN, update_every=15, execution="dense")}


def test_every_way_has_the_weights_it_should(
    recoveries: dict[str, Recovery], owned: tuple[nn.Module, Member, Locked]
) -> None:
    _, owner, locked = owned
    assert tuple(recoveries) == WAYS
    assert recoveries["full"].mask == owner.mask and recoveries["full"].key_found == 1
    assert recoveries["locked"].mask == locked.mask and recoveries["locked"].key_found == 0
    for way in ("fake", "gradient"):
        mask = recoveries[way].mask
        assert mask.kept == owner.mask.kept
        assert all((mask[name] | ~locked.mask[name]).all() for name in mask)
    assert recoveries["rigl"].mask.kept == owner.mask.kept
    assert hamming(recoveries["rigl"].mask, recoveries["fake"].mask) > 0


def test_gradients_choose_the_steepest_lacking_weights(
    owned: tuple[nn.Module, Member, Locked], digits: DataSet, recoveries: dict[str, Recovery]
) -> None:
    """Against the plain gradient over the whole training split, of which the thief sees most."""
    module, owner, locked = owned
    start = {name: t.requires_grad_() for name, t in locked.mask.applied(owner.start).items()}
    loss = F.cross_entropy(functional_call(module, start, (digits.train.inputs,)), digits.train.labels)
    loss.backward()
    for name, tensor in locked.mask.items():
        grown = recoveries["gradient"].mask[name] & ~tensor
        gradient = start[name].grad
        assert gradient is not None
        steepest = gradient.abs().masked_fill(tensor, -1).flatten().topk(int(grown.sum())).indices
        assert grown.flatten()[steepest].float().mean() > 0.85


def test_a_withheld_part_costs_accuracy_and_regrowing_wins_it_back(recoveries: dict[str, Recovery]) -> None:
    accuracy = {way: one.accuracy for way, one in recoveries.items()}
    assert accuracy["full"] > accuracy["locked"] + 0.1
    for way in ("fake", "gradient", "rigl"):
        assert recovered_gap(list(recoveries.values()), way) > 0.3


def test_a_thief_knows_nothing_of_the_key(owned: tuple[nn.Module, Member, Locked], digits: DataSet) -> None:
    """Whatever the owner's start has at the key's places, the thief's networks stay the same."""
    module, owner, locked = owned
    spoiled = {n: torch.where(locked.key[n], 9.0, t) if n in locked.key else t for n, t in owner.start.items()}
    ways = [way for way in WAYS if way != "full"]
    told = [
        regrow(module, replace(owner, start=start), locked, digits, SHORT, ways=ways, update_every=1, execution="dense")
        for start in (owner.start, spoiled)
    ]
    assert told[0] == told[1]


def test_recovered_gap_is_a_fraction_of_the_way() -> None:
    none = Mask({})
    told = [Recovery("full", 0.9, none, 1.0), Recovery("locked", 0.8, none, 0.0), Recovery("rigl", 0.88, none, 0.3)]
    assert recovered_gap(told, "rigl") == pytest.approx(0.8)
    assert math.isnan(recovered_gap([told[0], replace(told[1], accuracy=0.9), told[2]], "rigl"))


def test_unknown_ways_are_refused(owned: tuple[nn.Module, Member, Locked], digits: DataSet) -> None:
    module, owner, locked = owned
    with pytest.raises(WinnowError, match="WN-O06"):
        regrow(module, owner, locked, digits, PLAN, ways=["magic"])
