"""Which runs of a study are trained together, and in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from winnow.core import digest
from winnow.grokking.branches import Branch, needs, supermask_kind
from winnow.grokking.recipe import GrokRecipe

Run = tuple[str, int]


class Way(NamedTuple):
    """What runs of one stack have in common.

    Attributes:
        whole: trains for the recipe's steps and never leaves early: the dense run, and rounds of iterative pruning.
        kept: its weights are kept on the way.
        supermask: which kind of scores it trains, if any.
        accelerator: its name.
    """

    whole: bool
    kept: bool
    supermask: str | None
    accelerator: str | None

    @classmethod
    def of(cls, branch: Branch) -> Way:
        """The way of a branch."""
        plain = branch in (Branch(base="dense"), Branch(base="ticket"))
        whole = branch == Branch(base="dense") or branch.round is not None
        return cls(whole, plain, supermask_kind(branch), branch.accelerator)


@dataclass(frozen=True)
class Batch:
    """Runs of one stack.

    Attributes:
        runs: branch and replicate of each.
        way: how all of them train.
        steps: of the longest.
    """

    runs: tuple[Run, ...]
    way: Way
    steps: int

    @property
    def name(self) -> str:
        """Twelve hexadecimal digits of the runs' names: the checkpoint's name."""
        return digest([list(run) for run in self.runs])[:12]

    def __str__(self) -> str:
        branches = list(dict.fromkeys(branch for branch, _ in self.runs))
        more = f" and {len(branches) - 3} more" if len(branches) > 3 else ""
        return f"{len(self.runs)} runs of {', '.join(branches[:3])}{more}"


def closed(branches: Sequence[str]) -> list[str]:
    """The branches with all those that they need, each after what it needs.

    Raises:
        WinnowError: WN-C01 for a name of another form.
    """
    order: dict[str, None] = {}

    def add(branch: Branch) -> None:
        for needed in needs(branch):
            add(Branch.parse(needed))
        order.setdefault(str(branch))

    for name in branches:
        add(Branch.parse(name))
    return list(order)


def waves(recipe: GrokRecipe, branches: Sequence[str], most: int) -> list[list[Batch]]:
    """Batches in waves: a wave needs only what the waves before it have trained.

    Args:
        recipe: of the study.
        branches: as `closed` gives them.
        most: runs of one stack.
    """
    depth: dict[str, int] = {}
    for name in branches:
        depth[name] = 1 + max((depth[needed] for needed in needs(Branch.parse(name))), default=-1)
    by_depth: dict[int, list[str]] = defaultdict(list)
    for name in branches:
        by_depth[depth[name]].append(name)
    return [_batches(recipe, by_depth[level], most) for level in sorted(by_depth)]


def _batches(recipe: GrokRecipe, branches: Sequence[str], most: int) -> list[Batch]:
    groups: dict[Way, list[Run]] = defaultdict(list)
    for name in branches:
        groups[Way.of(Branch.parse(name))].extend((name, replicate) for replicate in range(recipe.replicates))
    return [
        Batch(tuple(runs[at : at + most]), way, recipe.steps if way.whole else recipe.ticket_steps)
        for way, runs in groups.items()
        for at in range(0, len(runs), most)
    ]
