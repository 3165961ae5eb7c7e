"""What a training gives: the networks, and the rows that were measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from winnow.storage import Metric
from winnow.training.plan import Member


@dataclass(frozen=True)
class Trained:
    """One network after training: all its tensors, and those at every snapshot step that was asked for.

    The member's mask is the one at the end, where it changed on the way.
    """

    member: Member
    tensors: Mapping[str, Tensor]
    snapshots: Mapping[int, Mapping[str, Tensor]] = field(default_factory=dict)


@dataclass(frozen=True)
class StackResult:
    """What a stack gave: a `Trained` per member, the rows of metrics, and how it was executed, in words."""

    trained: list[Trained]
    rows: list[Metric]
    execution: str = ""
