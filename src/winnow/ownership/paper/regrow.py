"""The attack on V1 that the paper leaves out: a thief grows the withheld weights anew, and trains.

He knows the locked ticket and how large its key is, has the data, and asks for the network's accuracy, not for its
mask. The paper's own attack, a random key, is here to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from winnow.core import WinnowError, derive_seed
from winnow.data import DataSet
from winnow.ownership.paper.locked import Locked, added_by_score, fake_key, restore
from winnow.sparsity import Mask, Probe
from winnow.training import Member, StackResult, TrainingPlan, train
from winnow.training.exchanging import Exchanging, by_gradient
from winnow.training.rewiring import Updates

RIGL = "rigl"
WAYS = ("full", "locked", "fake", "gradient", RIGL)
EXAMPLES = 1000  # that the thief looks at for his gradients
DROP, UNTIL = 0.3, 0.75  # RigL's fraction at first and the last change (Evci et al. 2020, section 4)


@dataclass(frozen=True)
class Recovery:
    """What a way gave.

    Args:
        way: of `WAYS`.
        accuracy: on the test split at the end, from 0 to 1.
        mask: at the end.
        key_found: of the key's weights, the fraction that the network has.
    """

    way: str
    accuracy: float
    mask: Mask
    key_found: float


def recovered_gap(recoveries: Sequence[Recovery], way: str) -> float:
    """The part of the way from the locked to the full accuracy that an attack makes up; NaN when they are equal."""
    of = {one.way: one.accuracy for one in recoveries}
    gap = of["full"] - of["locked"]
    return (of[way] - of["locked"]) / gap if gap else math.nan


def regrow(
    module: nn.Module,
    owner: Member,
    locked: Locked,
    data: DataSet,
    plan: TrainingPlan,
    *,
    ways: Sequence[str] = WAYS,
    seed: int = 0,
    update_every: int = 100,
    execution: str = "auto",
) -> list[Recovery]:
    """Train the owner's ticket, the locked one, and what a thief makes of it.

    - "full" and "locked": the two masks, from the owner's start.
    - "fake": random weights in the key's number, drawn like the layer's others (the paper's attack).
    - "gradient": the lacking weights of greatest |gradient| at the start, each from 0 (as RigL grows).
    - "rigl": the fake key, and then weights exchanged by RigL while it trains.

    The thief cannot know where the key's weights were, not even in which layers: those that the key emptied look like
    any. He spreads them over layers by the sums of their dimensions, as ERK does (`winnow.sparsity.scopes.erk`).

    Args:
        module: the architecture.
        owner: start and order of batches; its mask is the full one.
        locked: the split of it.
        data: both train on the same.
        plan: and in the same way.
        ways: which, of `WAYS`.
        seed: of the draws.
        update_every: steps between RigL's changes.
        execution: as for `winnow.training.train`.

    Raises:
        WinnowError: WN-O06 for another way.
    """
    unknown = [way for way in ways if way not in WAYS]
    if unknown:
        raise WinnowError("WN-O06", f"no way {unknown[0]!r} to regrow a key", fix=f"One of: {', '.join(WAYS)}.")
    thief = _Thief(module, owner, locked, data, seed)
    still = [thief.member(way) for way in ways if way != RIGL]
    results = [train(module, still, data, plan, execution=execution)] if still else []
    if RIGL in ways:
        exchanging = Exchanging(by_gradient, DROP, _updates(owner, plan, update_every))
        results.append(train(module, [thief.member(RIGL)], data, plan, rewiring=exchanging))
    told = [_told(result, locked.key) for result in results]
    return sorted((one for group in told for one in group), key=lambda one: ways.index(one.way))


def _updates(owner: Member, plan: TrainingPlan, every: int) -> Updates:
    return Updates(every, owner.first_step + round(UNTIL * (plan.steps - owner.first_step)), owner.first_step)


def _told(result: StackResult, key: Mask) -> list[Recovery]:
    last = {row.branch: row.value for row in result.rows if row.split == "test" and row.metric == "accuracy"}
    return [
        Recovery(
            way=one.member.branch,
            accuracy=last[one.member.branch],
            mask=one.member.mask,
            key_found=sum(int((one.member.mask[name] & key[name]).sum()) for name in key) / key.kept,
        )
        for one in result.trained
    ]


class _Thief:
    """What each way starts from."""

    def __init__(self, module: nn.Module, owner: Member, locked: Locked, data: DataSet, seed: int) -> None:
        self._module, self._owner, self._locked, self._data, self._seed = module, owner, locked, data, seed

    def member(self, way: str) -> Member:
        mask, start = self._owner.mask, self._owner.start
        if way != "full":
            mask, start = self._locked.mask, self._locked.mask.applied(start)
        if way in ("fake", RIGL):
            key = fake_key(mask, self._counts(), self._seed)
            mask, start = restore(mask, key), self._drawn(start, key)
        elif way == "gradient":
            mask = restore(mask, added_by_score(mask, self._gradients(start), self._counts()))
        return replace(self._owner, branch=way, mask=mask, start=start)

    def _counts(self) -> dict[str, int]:
        """How many weights the thief adds to each layer: the key's number in all, as far as there is room."""
        mask, size = self._locked.mask, self._locked.key.kept
        sums = {name: sum(tensor.shape) for name, tensor in mask.items()}
        exact = {name: size * own / sum(sums.values()) for name, own in sums.items()}
        room = {name: int((~tensor).sum()) for name, tensor in mask.items()}
        counts = {name: min(math.floor(exact[name]), room[name]) for name in mask}
        while sum(counts.values()) < size:
            counts[max((n for n in mask if counts[n] < room[n]), key=lambda n: exact[n] - counts[n])] += 1
        return counts

    def _drawn(self, start: Mapping[str, Tensor], key: Mask) -> dict[str, Tensor]:
        """Starts for a fake key's weights: normal, with the root mean square of the layer's released ones."""
        drawn = dict(start)
        for name, tensor in key.items():
            generator = torch.Generator().manual_seed(derive_seed(self._seed, "fake", name))
            living = start[name][self._locked.mask[name]]
            spread = living.pow(2).mean().sqrt() if len(living) else living.new_tensor(0.0)
            noise = torch.randn(tensor.shape, generator=generator).to(start[name]) * spread
            drawn[name] = torch.where(tensor, noise, start[name])
        return drawn

    def _gradients(self, start: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """|gradient| of the loss for every weight, on training examples that are drawn."""
        split = self._data.train
        generator = torch.Generator().manual_seed(derive_seed(self._seed, "examples"))
        drawn = torch.randperm(len(split), generator=generator)[:EXAMPLES].to(split.labels.device)
        probe = Probe(self._module, start, self._locked.mask, split.inputs[drawn], split.labels[drawn], self._seed)
        weights = probe.living()
        gradients = torch.autograd.grad(probe.loss(weights), list(weights.values()))
        return {name: gradient.abs() for name, gradient in zip(weights, gradients, strict=True)}
