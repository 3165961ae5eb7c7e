"""Compressing: fewer bits a weight, or a fresh network that learned from the answers."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from winnow.core import WinnowError
from winnow.data import DataSet, Split
from winnow.ownership.attacks.retraining import retrained
from winnow.ownership.attacks.target import Attack, Attacked, Target, drawn_seed
from winnow.sparsity import Mask, tensors_of

_CHUNK = 1000


def quantised(target: Target, bits: float, generator: Generator) -> Attacked:  # noqa: ARG001  (one signature for all)
    """Whole numbers of so many bits with one scale per output channel, symmetric about 0; what rounds to 0 is lost.

    Weights are saved as int8 beside their scales, `NAME.scale` [channels]; what runs is their product.

    Raises:
        WinnowError: WN-O06 for less than 2 or more than 8 bits.
    """
    if not 2 <= bits <= 8:
        raise WinnowError("WN-O06", f"weights of {bits:g} bits do not fit int8", fix="Give 2 to 8 bits.")
    top = 2 ** (int(bits) - 1) - 1
    saved, running = dict(target.tensors), dict(target.tensors)
    for name in target.mask:
        whole, scale = _levels(target.tensors[name], top)
        saved[name], saved[f"{name}.scale"] = whole.to(torch.int8), scale.flatten()
        running[name] = (whole * scale).to(target.tensors[name].dtype)
    mask = Mask({name: saved[name] != 0 for name in target.mask})
    return Attacked(saved, mask, target.network(running), note=f"weights of {int(bits)} bits, a scale per channel")


def distilled(target: Target, share: float, generator: Generator) -> Attacked:
    """A fresh dense network of the same architecture learns the model's answers to a share of the inputs.

    Answers are first choices. Nothing of the mask is in the copy. The owner's triggers are not among the inputs: the
    thief does not know them.
    """
    fresh = tensors_of(target.build(drawn_seed(generator)))
    whole = Mask.ones({name: fresh[name] for name in target.mask})
    data = _answered(target, share, generator)
    trained = retrained(target, fresh, whole, generator, data=data)
    note = f"a fresh network learned the answers to {len(data.train)} inputs; evidence in the mask is void"
    return Attacked(trained.tensors, note=note)


def _levels(weight: Tensor, top: int) -> tuple[Tensor, Tensor]:
    """Whole numbers from -top to top, and the scale of each output channel, in the weight's number of dimensions."""
    largest = weight.abs().flatten(1).amax(1).view(-1, *[1] * (weight.dim() - 1))
    scale = torch.where(largest > 0, largest / top, torch.ones_like(largest))
    return (weight / scale).round().clamp(-top, top), scale


@torch.no_grad()
def _answered(target: Target, share: float, generator: Generator) -> DataSet:
    """Inputs drawn from the train split with the network's own labels."""
    inputs = target.data.train.inputs
    count = max(round(share * len(inputs)), 1)
    chosen = inputs[torch.randperm(len(inputs), generator=generator)[:count].to(inputs.device)]
    network = target.network(target.tensors)
    answers = torch.cat([network(part.cpu()).argmax(-1) for part in chosen.split(_CHUNK)]).to(inputs.device)
    return replace(target.data, train=Split(chosen, answers))


ATTACKS = (
    Attack(
        "quantise",
        "compressing",
        "Stores weights in fewer bits.",
        "bits a weight",
        (8, 6, 4),
        quantised,
        drawn=False,
    ),
    Attack(
        "distil",
        "compressing",
        "Trains a fresh network on the model's answers.",
        "share of the training inputs that is asked",
        (0.1, 0.5, 1.0),
        distilled,
    ),
)
