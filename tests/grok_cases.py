"""Small tasks, networks and members that tests of grokking share."""

from __future__ import annotations

from typing import Any

import torch

from winnow.grokking.networks.mlp import PairMlp
from winnow.grokking.stacks import Member
from winnow.grokking.tasks import Task, task_named


def small_task(modulus: int = 11) -> Task:
    """Addition of unordered pairs."""
    return task_named(f"add-{modulus}")


def small_mlp(task: Task, width: int = 16, hidden: int = 8) -> PairMlp:
    """The paper's MLP, small."""
    assert task.tokens is not None
    return PairMlp(task.tokens, task.outputs, width, hidden)


def small_member(task: Task, network: Any, replicate: int = 0, **changes: Any) -> Member:
    """A dense run with a start and a split of its own."""
    fields = {
        "branch": "dense",
        "replicate": replicate,
        "start": network.start(torch.Generator().manual_seed(100 + replicate)),
        "split": task.split(0.5, 200 + replicate),
    }
    return Member(**{**fields, **changes})
