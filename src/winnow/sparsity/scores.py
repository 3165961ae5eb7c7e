"""Scores: a pruning method is one small function that returns a score per weight; the lowest are pruned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.sparsity.probe import Probe


@dataclass(frozen=True)
class Evidence:
    """What a method may look at.

    Args:
        start: the weights before training, by name.
        trained: the weights after training, same names and shapes.
        seed: for methods that draw.
        probe: the network with examples, for methods that run it.
    """

    start: Mapping[str, Tensor]
    trained: Mapping[str, Tensor]
    seed: int = 0
    probe: Probe | None = None


Score = Callable[[Evidence], dict[str, Tensor]]


def magnitude(evidence: Evidence) -> dict[str, Tensor]:
    """|w| after training (Frankle & Carbin 2019, section 1; "large_final" in Zhou et al. 2019)."""
    return {name: w.abs() for name, w in evidence.trained.items()}


def magnitude_at_start(evidence: Evidence) -> dict[str, Tensor]:
    """|w| before training (Frankle & Carbin 2019, Appendix F.4)."""
    return {name: w.abs() for name, w in evidence.start.items()}


def magnitude_increase(evidence: Evidence) -> dict[str, Tensor]:
    """|w| after less |w| before (Zhou et al. 2019)."""
    return {name: w.abs() - evidence.start[name].abs() for name, w in evidence.trained.items()}


def movement(evidence: Evidence) -> dict[str, Tensor]:
    """How far the weight moved, |w after - w before| (Zhou et al. 2019)."""
    return {name: (w - evidence.start[name]).abs() for name, w in evidence.trained.items()}


def uniform(evidence: Evidence) -> dict[str, Tensor]:
    """Scores drawn from the seed: random pruning."""
    draws = {}
    for name, weight in evidence.trained.items():
        generator = torch.Generator().manual_seed(derive_seed(evidence.seed, "score", name))
        draws[name] = torch.rand(weight.shape, generator=generator)
    return draws


def same_sign(evidence: Evidence) -> dict[str, Tensor]:
    """|w| after training, negative where the sign changed ("large_final, same sign", Zhou et al. 2019)."""
    return {name: w * evidence.start[name].sign() for name, w in evidence.trained.items()}
