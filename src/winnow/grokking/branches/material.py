"""What branches are made from: a study's task, network and dense runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.grokking.networks import Network, network_named
from winnow.grokking.tasks import Split, Task, task_named


@dataclass(frozen=True)
class Streams:
    """The random streams of a study: starts, splits and whatever a branch draws, each with a name of its own."""

    seed: int

    def of(self, what: str, replicate: int) -> int:
        """The seed of one stream of one replicate."""
        return derive_seed(self.seed, what, replicate)

    def generator(self, what: str, replicate: int) -> torch.Generator:
        """A generator at the start of that stream."""
        return torch.Generator().manual_seed(self.of(what, replicate))


@dataclass(frozen=True)
class Problem:
    """A task and a network that fits it.

    Args:
        task_name: a name of `winnow.grokking.tasks`.
        network_name: a name of `winnow.grokking.networks`.
        fraction: share of the examples to train on.
        init_scale: kappa.
        streams: of the study.
        data: folder or Hub id of the task's data, where it has any.
    """

    task_name: str
    network_name: str
    fraction: float
    init_scale: float
    streams: Streams
    data: str | None = None

    @cached_property
    def task(self) -> Task:
        """All examples."""
        return task_named(self.task_name, self.data)

    @cached_property
    def network(self) -> Network:
        """The architecture."""
        return network_named(self.network_name, self.task)

    def start(self, replicate: int) -> dict[str, Tensor]:
        """The start of a replicate; all its branches share it."""
        return self.network.start(self.streams.generator("start", replicate), self.init_scale)

    def fresh_start(self, replicate: int) -> dict[str, Tensor]:
        """Another start, for a mask on weights that it was not found with."""
        return self.network.start(self.streams.generator("fresh", replicate), self.init_scale)

    def split(self, replicate: int) -> Split:
        """The training and test rows of a replicate; all its branches share them."""
        return self.task.split(self.fraction, self.streams.of("split", replicate))
