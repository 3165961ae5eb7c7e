"""`Architecture`: a space, a task, and how wide each block still is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from winnow.core import WinnowError
from winnow.supernet.space.blocks import BlockPlace, block_places
from winnow.supernet.space.spaces import TASKS, Space

Widths = tuple[int, ...]


@dataclass(frozen=True)
class Architecture:
    """One network of a space: the dense supernet, or what search left of it.

    Args:
        space: the sizes.
        task: one of `TASKS`.
        outputs: classes, or joints.
        input_size: height and width of an image in pixels.
        widths: per block, in the order of `block_places`, the search units of each kernel of the space; 0 where a
            path is gone, and a block whose widths are all 0 is gone but for its shortcut.
        tokens: per block, how many tokens its token path has; 0 where there is none. Only a block whose input itself
            is the shortcut can have them.
    """

    space: Space
    task: str
    outputs: int
    input_size: tuple[int, int]
    widths: tuple[Widths, ...]
    tokens: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be built.

        Raises:
            WinnowError: WN-M02.
        """
        if self.task not in TASKS:
            raise WinnowError("WN-M02", f"no task {self.task!r}", fix=f"One of: {', '.join(TASKS)}.")
        count = len(self.places)
        if len(self.widths) != count or len(self.tokens) != count:
            raise WinnowError("WN-M02", f"the space has {count} blocks, and {len(self.widths)} were given")
        kernels = len(self.space.kernels)
        for place, widths, tokens in zip(self.places, self.widths, self.tokens, strict=True):
            if len(widths) != kernels or min(widths) < 0:
                raise WinnowError("WN-M02", f"{kernels} kernels cannot have widths {list(widths)}", where=place.name)
            if tokens < 0 or (tokens and not place.keeps_shape):
                raise WinnowError("WN-M02", f"{tokens} tokens cannot be had here", where=place.name)

    @property
    def places(self) -> tuple[BlockPlace, ...]:
        """Where each block stands."""
        return block_places(self.space, self.task)

    @property
    def units(self) -> int:
        """Depthwise channels that are left: the paper's search units, tokens not counted."""
        return sum(map(sum, self.widths))

    @property
    def empty_blocks(self) -> int:
        """Blocks of which only the shortcut is left."""
        return sum(not any(widths) for widths in self.widths)

    def with_widths(self, widths: Sequence[Widths], tokens: Sequence[int] | None = None) -> Architecture:
        """The same with other widths."""
        return replace(self, widths=tuple(widths), tokens=self.tokens if tokens is None else tuple(tokens))

    def for_task(self, task: str, outputs: int, input_size: tuple[int, int]) -> Architecture:
        """The same trunk under a whole new head for another task."""
        fresh = dense_architecture(self.space, task, outputs, input_size)
        kept = {p.name: (w, t) for p, w, t in zip(self.places, self.widths, self.tokens, strict=True)}
        rows = [
            kept[place.name] if place.name in kept and not place.name.startswith("head_") else (widths, tokens)
            for place, widths, tokens in zip(fresh.places, fresh.widths, fresh.tokens, strict=True)
        ]
        return fresh.with_widths([widths for widths, _ in rows], [tokens for _, tokens in rows])

    def to_plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "space": self.space.to_plain(),
            "task": self.task,
            "outputs": self.outputs,
            "input_size": list(self.input_size),
            "widths": [list(widths) for widths in self.widths],
            "tokens": list(self.tokens),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Architecture:
        """Read what `to_plain` gave.

        Raises:
            WinnowError: WN-S03 when it describes no architecture, WN-M02 when it cannot be built.
        """
        try:
            height, width = (int(side) for side in plain["input_size"])
            return cls(
                Space.from_plain(plain["space"]),
                str(plain["task"]),
                int(plain["outputs"]),
                (height, width),
                tuple(tuple(int(n) for n in widths) for widths in plain["widths"]),
                tuple(int(n) for n in plain["tokens"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise WinnowError("WN-S03", f"it describes no architecture: {error}") from error


def dense_architecture(space: Space, task: str, outputs: int, input_size: tuple[int, int]) -> Architecture:
    """The whole supernet of a space for a task."""
    places = block_places(space, task)
    widths = tuple((place.inputs * space.expansion,) * len(space.kernels) for place in places)
    tokens = tuple(space.tokens if place.keeps_shape else 0 for place in places)
    return Architecture(space, task, outputs, input_size, widths, tokens)
