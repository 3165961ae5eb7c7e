"""Tuning: training goes on, with the mask in force or without it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from winnow.core import WinnowError
from winnow.data import DataSet, Split
from winnow.ownership.attacks.removing import magnitudes
from winnow.ownership.attacks.retraining import retrained
from winnow.ownership.attacks.target import Attack, Attacked, Target
from winnow.sparsity import Mask, Pool, prune

_RATES = (0.01, 0.1, 1.0)
_UNIT = "learning rate, as a share of the owner's"


def same_data(target: Target, rate: float, generator: Generator) -> Attacked:
    """Train what remains for the budget, on the owner's data."""
    trained = retrained(target, target.tensors, target.mask, generator, rate=rate)
    return Attacked(trained.tensors, target.mask, note="tuned on the owner's data, the mask in force")


def other_data(target: Target, rate: float, generator: Generator) -> Attacked:
    """Train what remains on another task: `target.other`, or the owner's inputs with the classes renamed.

    Raises:
        WinnowError: WN-O06 when the other task has other inputs, or more classes than the network has outputs.
    """
    data = _other_task(target, generator)
    trained = retrained(target, target.tensors, target.mask, generator, data=data, rate=rate)
    return Attacked(trained.tensors, target.mask, data=data, note=f"tuned on {data.name}, the mask in force")


def dense(target: Target, rate: float, generator: Generator) -> Attacked:
    """Train all weights, pruned ones included, from the released network on, and save it dense."""
    trained = _dense(target, rate, generator)
    return Attacked(trained, note="tuned without the mask and saved dense")


def dense_pruned(target: Target, rate: float, generator: Generator) -> Attacked:
    """Train all weights, then prune the smallest back to the released counts, every layer on its own."""
    trained = _dense(target, rate, generator)
    whole = Mask.ones({name: trained[name] for name in target.mask})
    pools = [Pool((name,), int(tensor.sum())) for name, tensor in target.mask.items()]
    mask = prune(magnitudes(trained, whole), whole, pools)
    return Attacked(mask.applied(trained), mask, note="tuned without the mask, then pruned back to the old counts")


def _dense(target: Target, rate: float, generator: Generator) -> dict[str, Tensor]:
    whole = Mask.ones({name: target.tensors[name] for name in target.mask})
    return dict(retrained(target, target.tensors, whole, generator, rate=rate).tensors)


def _other_task(target: Target, generator: Generator) -> DataSet:
    data, other = target.data, target.other
    if other is None:
        return _relabelled(data, generator)
    if other.input_shape != data.input_shape or other.class_count > data.class_count:
        told = f"inputs of {other.input_shape} in {other.class_count} classes"
        own = f"the network takes {data.input_shape} and has {data.class_count} outputs"
        raise WinnowError("WN-O06", f"{other.name} cannot be learned by this network: {told}; {own}")
    return other


def _relabelled(data: DataSet, generator: Generator) -> DataSet:
    """The classes moved on by a drawn number of places, so that no class keeps its output."""
    if data.class_count < 2:
        raise WinnowError("WN-O06", "a task of one class has no other labels", where=data.name)
    places = int(torch.randint(1, data.class_count, (1,), generator=generator))

    def moved(split: Split) -> Split:
        return Split(split.inputs, (split.labels + places) % data.class_count)

    parts = {name: moved(getattr(data, name)) for name in ("train", "validation", "test")}
    return replace(data, name=f"{data.name}, classes renamed", **parts)


ATTACKS = (
    Attack("tune", "tuning", "Tunes what remains on the owner's data.", _UNIT, _RATES, same_data),
    Attack("tune-other", "tuning", "Tunes what remains on another task.", _UNIT, _RATES, other_data),
    Attack("tune-dense", "tuning", "Tunes all weights and saves them dense.", _UNIT, _RATES, dense),
    Attack("tune-prune", "tuning", "Tunes all weights, then prunes to the old counts.", _UNIT, _RATES, dense_pruned),
)
