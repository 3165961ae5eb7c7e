"""What is attacked, what an attack gives, and how an attack is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor, nn

from winnow.data import DataSet
from winnow.signing.asking.triggers import Triggers
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.reference import Reference
from winnow.signing.code.layout import Layout
from winnow.signing.judging.looking import Opened
from winnow.sparsity import Mask, load_into
from winnow.training import TrainingPlan


@dataclass(frozen=True, eq=False)
class Target:
    """A signed model as its owner knows it. An attack of a thief reads only what a thief has: no key, no positions.

    Args:
        name: of the ticket, for tables.
        build: a fresh network of the architecture; its weights are a function of the seed.
        tensors: all tensors of the trained network as released, pruned weights exactly 0.
        mask: what remains.
        data: what it was trained on; accuracy is that on its test split.
        budget: what an attacker spends on a retraining, in the owner's way of training: steps, batch, learning rate.
        claim: what a judge is given.
        reference: the committed mask, and weights to align by.
        opened: what the secret of one of the claim's keys opens.
        triggers: the claim's trigger set; None when the model carries none.
        other: another task with inputs of the same shape, for tuning on other data; None to relabel the own one.
        innocent: the tensors of an independently trained network of the same architecture, for false accusations;
            None for a mask drawn at random with the same counts.
        device: where retraining runs.
        execution: of retraining, see `winnow.training.train`.
    """

    name: str
    build: Callable[[int], nn.Module]
    tensors: Mapping[str, Tensor]
    mask: Mask
    data: DataSet
    budget: TrainingPlan
    claim: Claim
    reference: Reference
    opened: Opened
    triggers: Triggers | None = None
    other: DataSet | None = None
    innocent: Mapping[str, Tensor] | None = None
    device: torch.device | None = None
    execution: str = "auto"

    @cached_property
    def layout(self) -> Layout:
        """Where the mark lies."""
        return self.claim.layout

    def network(self, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The architecture with these tensors, in eval mode."""
        module = self.build(0)
        load_into(module, tensors)
        return module.eval()


@dataclass(frozen=True, eq=False)
class Forged:
    """A claim that was made to fit a model after the model was there.

    Args:
        key: the key that the accuser shows.
        sent: bool [bits]: the bits that it is said to have sent.
        tests: how many keys, places and alignments were tried to find it; an honest N.
        masks: what the accuser reads, where it is not the suspect's own support (an alignment of his own making).
        refusal: what in the procedure keeps this claim from being read at all; "" when it is read and its p counts.
    """

    key: bytes
    sent: np.ndarray
    tests: int
    masks: Mapping[str, np.ndarray] | None = None
    refusal: str = ""


@dataclass(frozen=True, eq=False)
class Attacked:
    """What an attack leaves behind: the file that a judge would be given.

    Args:
        tensors: as they would be saved to safetensors.
        mask: what remains, where the thief's own view of it is a mask; None when it shows only in the weights.
        network: what runs, where the tensors do not fit the target's own architecture.
        data: the attacker's task, where it is not the owner's.
        note: what was done, in one sentence.
        forged: for an attack on the judge instead of on the mark.
    """

    tensors: Mapping[str, Tensor]
    mask: Mask | None = None
    network: nn.Module | None = None
    data: DataSet | None = None
    note: str = ""
    forged: Forged | None = None


# (target, strength, draws) -> what is left.
Run = Callable[[Target, float, Generator], Attacked]


@dataclass(frozen=True)
class Attack:
    """One thing that a thief or an accuser may try.

    Args:
        name: how it is called on the command line.
        family: "removing", "tuning", "adding", "disguising", "forging", "accusing" or "compressing".
        what: what it does, in one sentence.
        unit: what its strength counts, with the unit.
        strengths: those of a full audit.
        run: the attack.
        drawn: whether its outcome depends on draws; one that does not is done once, whatever the number of seeds.
    """

    name: str
    family: str
    what: str
    unit: str
    strengths: tuple[float, ...]
    run: Run
    drawn: bool = True


def drawn_seed(generator: Generator) -> int:
    """A seed for code that takes one instead of a generator."""
    return int(torch.randint(2**62, (1,), generator=generator))


def drawn_bytes(generator: Generator, count: int) -> bytes:
    """Random bytes, for keys of thieves."""
    return bytes(torch.randint(256, (count,), generator=generator, dtype=torch.uint8).tolist())
