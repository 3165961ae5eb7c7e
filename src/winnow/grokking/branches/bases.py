"""Bases of branches: how each makes its start and its mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from torch import Tensor

from winnow.core import chosen
from winnow.grokking.branches.material import Problem
from winnow.grokking.branches.name import Branch
from winnow.grokking.masks import ROUNDS as SALIENCY_ROUNDS
from winnow.grokking.masks import (
    iterative_rates,
    magnitude_mask,
    matched,
    next_iterative_mask,
    norm_matched_start,
    saliency_mask,
    saliency_scores,
)
from winnow.grokking.stacks.member import Supermask
from winnow.grokking.stacks.supermask import drawn_scores
from winnow.sparsity import Mask

# Rounds of iterative magnitude pruning; each costs a whole training.
ROUNDS = 3


class Done(Protocol):
    """Reads runs of the same replicate that are done."""

    def weights(self, branch: str, step: int | None) -> Mapping[str, Tensor]:
        """The weights after `step` updates; None for the last."""
        ...

    def mask(self, branch: str) -> Mask | None:
        """The mask; None for a dense run."""
        ...


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a base may use.

    Attributes:
        problem: task, network, streams.
        done: the runs that are there already.
        replicate: which.
        branch: with its options.
        rate: share to prune: the branch's or the recipe's.
        at: step of the dense run to take weights from; None for its last.
        loss: name of the loss, for scores.
    """

    problem: Problem
    done: Done
    replicate: int
    branch: Branch
    rate: float
    at: int | None
    loss: str

    @property
    def start(self) -> dict[str, Tensor]:
        """The replicate's start."""
        return self.problem.start(self.replicate)

    def seed(self, what: str) -> int:
        """Of a stream of this replicate."""
        return self.problem.streams.of(what, self.replicate)

    def ticket_mask(self) -> Mask:
        """The ticket's own mask: the largest weights of the dense run (section 3)."""
        return magnitude_mask(self.done.weights("dense", self.at), self.problem.network.prunable, self.rate)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A branch's start and mask.

    Attributes:
        start: weights that it trains from.
        mask: None for a network without one.
        passes: gradients of the full batch that were taken to find the mask, beside those of other runs.
        supermask: of edge-popup.
    """

    start: Mapping[str, Tensor]
    mask: Mask | None = None
    passes: int = 0
    supermask: Supermask | None = None


Base = Callable[[Given], Made]


def _dense(given: Given) -> Made:
    """From the start, or on from the dense run's weights at a step, with a fresh optimizer."""
    at = given.branch.at
    return Made(start=given.start if at is None else given.done.weights("dense", at))


def _ticket(given: Given) -> Made:
    return Made(start=given.start, mask=given.ticket_mask())


def _reinit(given: Given) -> Made:
    return Made(start=given.problem.fresh_start(given.replicate), mask=given.ticket_mask())


def _shuffled(given: Given) -> Made:
    return Made(start=given.start, mask=given.ticket_mask().shuffled(given.seed("shuffled")))


def _norm(given: Given, p: int) -> Made:
    """The dense start scaled to the ticket's norm (figure 5a)."""
    return Made(start=norm_matched_start(given.start, given.ticket_mask(), p)[0])


def _iterative(given: Given) -> Made:
    last = previous(given.branch)
    trained = given.done.weights(last, None)
    mask = given.done.mask(last) or Mask.ones({name: trained[name] for name in given.problem.network.prunable})
    rate = iterative_rates(given.rate, ROUNDS)[(given.branch.round or ROUNDS) - 1]
    return Made(start=given.start, mask=next_iterative_mask(mask, trained, rate))


@dataclass(frozen=True)
class _Saliency:
    """Pruning at initialisation (figure 5b), or the same scores with the ticket's density in every matrix."""

    method: str
    rounds: int
    like_ticket: bool = False

    def __call__(self, given: Given) -> Made:
        start, task = given.start, given.problem.task
        train = given.problem.split(given.replicate).train
        seed = given.seed(self.method)
        common = (self.method, given.problem.network, start, task.inputs[train], task.targets[train])
        if not self.like_ticket:
            mask = saliency_mask(*common, given.rate, loss=given.loss, rounds=self.rounds, seed=seed)
            return Made(start=start, mask=mask, passes=self.rounds)
        scores = saliency_scores(*common, loss=given.loss, seed=seed)
        return Made(start=start, mask=matched(scores, given.ticket_mask().densities()), passes=1)


def _edge_popup(given: Given, train_weights: bool) -> Made:
    """Scores trained on the dense weights of a step, or on the start (section 6, table 1)."""
    start = _dense(given).start
    scores = drawn_scores(start, given.problem.network.prunable, given.seed("scores"))
    supermask = Supermask(density=1 - given.rate, scores=scores, train_weights=train_weights)
    return Made(start=start, supermask=supermask)


_AT_START = {
    **{method: _Saliency(method, rounds) for method, rounds in SALIENCY_ROUNDS.items()},
    "synflow-once": _Saliency("synflow", 1),
}
BASES: dict[str, Base] = {
    "dense": _dense,
    "ticket": _ticket,
    "iterative": _iterative,
    "reinit": _reinit,
    "shuffled": _shuffled,
    "norm-l1": partial(_norm, p=1),
    "norm-l2": partial(_norm, p=2),
    **_AT_START,
    **{f"{method}-matched": _Saliency(method, 1, like_ticket=True) for method in SALIENCY_ROUNDS},
    "edge-popup": partial(_edge_popup, train_weights=False),
    "edge-popup-wd": partial(_edge_popup, train_weights=True),
}
_WITHOUT_TICKET = {*_AT_START, "dense", "edge-popup", "edge-popup-wd"}


def base_named(name: str) -> Base:
    """The base of that name.

    Raises:
        WinnowError: WN-C01 for an unknown name.
    """
    return chosen(BASES, name, "branch", "WN-C01")


def previous(branch: Branch) -> str:
    """The run whose last weights an iterative branch prunes."""
    number = (branch.round or ROUNDS) - 1
    if number == 0:
        return "dense"
    return str(Branch(base="iterative", round=number, rate=branch.rate))


def needs(branch: Branch) -> list[str]:
    """The branches that have to be done first."""
    base_named(branch.base)
    if branch.base == "iterative":
        return [previous(branch)]
    return ["dense"] if branch.base not in _WITHOUT_TICKET or branch.at is not None else []


def supermask_kind(branch: Branch) -> str | None:
    """Which kind of scores are trained; None for a branch without."""
    return branch.base if branch.base.startswith("edge-popup") else None
