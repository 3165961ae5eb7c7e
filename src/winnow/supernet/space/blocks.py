"""The search blocks of a supernet in order: where each of them stands, and what goes in and out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from winnow.supernet.space.spaces import CLASSIFICATION, Space, Stage


@dataclass(frozen=True)
class BlockPlace:
    """Where a search block stands.

    Args:
        name: the module's name, such as "s2_fuse_1_0": stage, kind, target branch, source branch (or number in a row).
        kind: "fuse" (from one branch into another or itself), "grow" (makes a new branch), "branch" (in a row),
            and in the head "widen", "descend" (classification) or "merge" (of pixels).
        stage: counted from 1; the head is one more than the last.
        source: the branch that it reads.
        target: the branch that it writes to.
        inputs: channels that go in.
        outputs: channels that come out.
        stride: 1 or 2.
    """

    name: str
    kind: str
    stage: int
    source: int
    target: int
    inputs: int
    outputs: int
    stride: int = 1

    @property
    def keeps_shape(self) -> bool:
        """Whether the input itself is the shortcut; else a grouped 1x1 convolution is."""
        return self.stride == 1 and self.inputs == self.outputs


def block_places(space: Space, task: str) -> tuple[BlockPlace, ...]:
    """All search blocks of a space with the head of a task, in the order of the published lists of blocks."""
    found: list[BlockPlace] = []
    before: tuple[int, ...] = space.stem[-1:]
    for number, stage in enumerate(space.stages, start=1):
        found += _fusion(number, before, stage)
        found += _parallel(number, stage)
        before = stage.channels
    head = _class_head if task == CLASSIFICATION else _pixel_head
    return (*found, *head(space, before))


def _fusion(number: int, before: tuple[int, ...], stage: Stage) -> Iterator[BlockPlace]:
    """Neighbours only. Branches that are new in this stage come from the lowest one that is there."""
    after = stage.channels
    for target in range(min(len(before), len(after))):
        for source in range(max(0, target - 1), min(len(before), target + 2)):
            name = f"s{number}_fuse_{target}_{source}"
            stride = 2 if source < target else 1
            yield BlockPlace(name, "fuse", number, source, target, before[source], after[target], stride)
    for target in range(len(before), len(after)):
        name, source = f"s{number}_grow_{target}", target - 1
        yield BlockPlace(name, "grow", number, source, target, after[source], after[target], 2)


def _parallel(number: int, stage: Stage) -> Iterator[BlockPlace]:
    for branch, (count, width) in enumerate(zip(stage.blocks, stage.channels, strict=True)):
        for place in range(count):
            yield BlockPlace(f"s{number}_branch_{branch}_{place}", "branch", number, branch, branch, width, width)


def _class_head(space: Space, before: tuple[int, ...]) -> Iterator[BlockPlace]:
    """Every branch is widened; then the upper one descends into the next, down to the lowest."""
    number, wide = len(space.stages) + 1, space.head_channels
    for branch, width in enumerate(before):
        yield BlockPlace(f"head_widen_{branch}", "widen", number, branch, branch, width, wide[branch])
    for branch in range(len(before) - 1):
        name = f"head_descend_{branch}"
        yield BlockPlace(name, "descend", number, branch, branch + 1, wide[branch], wide[branch + 1], 2)


def _pixel_head(space: Space, before: tuple[int, ...]) -> Iterator[BlockPlace]:
    """All branches at the resolution of the first, side by side, through one block."""
    yield BlockPlace("head_merge", "merge", len(space.stages) + 1, 0, 0, sum(before), space.dense_channels)
