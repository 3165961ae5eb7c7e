"""Edge-popup in a stack: which weights to keep is learned, the weights themselves beside it or not at all.

Ramanujan et al. (2020), "What's hidden in a randomly weighted neural network?", section 3; Minegishi et al. (2023),
Table 1, trains such scores from a network that has memorised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from winnow.core import WinnowError, derive_seed
from winnow.grokking.stacks.choosing import Chooser, kept_count
from winnow.grokking.stacks.member import Member, Supermask
from winnow.grokking.stacks.space import Space

_SCORES = ".scores"


class Supermasked:
    """Scores, and the weights where they are trained too, as the parametrisation of a stack (`Parametrisation`).

    The network computes with every matrix's weights of highest |score|; all others count as exactly 0. Backwards the
    choice is taken for |score| (straight-through), as in the method's code: a score moves with gradient * weight * sign
    of the score, a weight with the gradient where it is chosen. Weights that are not trained are outside of the space,
    so that no update, decay or hook can reach them; matrices without scores are used whole.

    Args:
        members: the runs; their supermasks agree on `density`, `train_weights` and the names of the scores.
        device: where it all lives.

    Raises:
        WinnowError: WN-R02 when the supermasks do not agree or a run has none, WN-P02 when scores do not fit.
    """

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        supermasks = [_checked(member) for member in members]
        first = supermasks[0]
        if any(_form(other) != _form(first) for other in supermasks):
            raise WinnowError("WN-R02", "supermasks of one stack differ in density, in names or in what is trained")
        starts = [dict(member.start) for member in members]
        scores = [{name + _SCORES: s for name, s in supermask.scores.items()} for supermask in supermasks]
        trained = [(start if first.train_weights else {}) | own for start, own in zip(starts, scores, strict=True)]
        self._space, self._effective = Space(trained, device), Space(starts, device)
        self._frozen = None if first.train_weights else Space(starts, device)
        sizes = {name: math.prod(self._effective.shapes[name]) for name in first.scores}
        self._kept = {name: kept_count(size, 1 - first.density) for name, size in sizes.items()}
        self._start_choosing()

    @property
    def space(self) -> Space:
        """Scores under NAME.scores, and under the weights' own names what is trained of them."""
        return self._space

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """See `Parametrisation.weights`: the chosen weights, all others exactly 0."""
        return self._effective.weights

    @property
    def gradients(self) -> Mapping[str, Tensor]:
        """See `Parametrisation.gradients`."""
        return self._effective.gradients

    @torch.no_grad()
    def refresh(self) -> None:
        """See `Parametrisation.refresh`: choose by the scores as they are now."""
        for name, effective in self._effective.weights.items():
            if name in self._choosers:
                self._masks[name] = self._choosers[name].chosen(self._space.weights[name + _SCORES])
                torch.mul(self._sources[name], self._masks[name], out=effective)
            else:
                effective.copy_(self._sources[name])

    @torch.no_grad()
    def pull(self) -> None:
        """See `Parametrisation.pull`; scores and weights are those of the last `refresh`."""
        for name, gradient in self._effective.gradients.items():
            scored = name in self._masks
            if scored:
                into = torch.mul(gradient, self._sources[name], out=self._space.gradients[name + _SCORES])
                into.mul_(self._space.weights[name + _SCORES].sign())
            if self._frozen is None:
                self._space.gradients[name].copy_(gradient * self._masks[name] if scored else gradient)

    def settle(self) -> None:
        """Nothing: what is not chosen is no part of the network, whatever an update makes of it."""

    def keep(self, rows: Tensor) -> None:
        """See `Parametrisation.keep`."""
        for space in (self._space, self._effective, self._frozen):
            if space is not None:
                space.keep(rows)
        self._start_choosing()

    def _start_choosing(self) -> None:
        scores = self._space.weights
        self._choosers = {name: Chooser(scores[name + _SCORES], keep) for name, keep in self._kept.items()}
        self._masks: dict[str, Tensor] = {}

    @property
    def _sources(self) -> Mapping[str, Tensor]:
        return (self._space if self._frozen is None else self._frozen).weights


def drawn_scores(start: Mapping[str, Tensor], names: Sequence[str], seed: int) -> dict[str, Tensor]:
    """Fresh scores, Kaiming-uniform with a = sqrt(5): within 1 / sqrt(inputs), as torch draws linear weights.

    Args:
        start: one network's tensors, matrices [in, out].
        names: the matrices that get scores.
        seed: every matrix draws from a stream of its own.
    """
    scores = {}
    for name in names:
        generator = torch.Generator().manual_seed(derive_seed(seed, "supermask", name))
        bound = start[name].shape[0] ** -0.5
        scores[name] = torch.empty(start[name].shape).uniform_(-bound, bound, generator=generator)
    return scores


def _form(supermask: Supermask) -> tuple[float, bool, set[str]]:
    return supermask.density, supermask.train_weights, set(supermask.scores)


def _checked(member: Member) -> Supermask:
    if member.supermask is None:
        raise WinnowError("WN-R02", "a run without a supermask in a stack of supermasks", where=member.branch)
    for name, scores in member.supermask.scores.items():
        if name not in member.start or member.start[name].shape != scores.shape:
            raise WinnowError("WN-P02", "these scores fit no weight of the network", where=name)
    return member.supermask
