"""`Space`: the sizes of a supernet, and the named ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from winnow.core import WinnowError

CLASSIFICATION, SEGMENTATION, KEYPOINTS = "classification", "segmentation", "keypoints"
TASKS = (CLASSIFICATION, SEGMENTATION, KEYPOINTS)


@dataclass(frozen=True)
class Stage:
    """One fusion and one parallel module.

    Args:
        blocks: search blocks in a row, per branch from the highest resolution down.
        channels: width of each branch; each branch has half the resolution of the one before.
    """

    blocks: tuple[int, ...]
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Space:
    """Sizes of a multi-branch high-resolution supernet (HR-NAS, section 3; You et al. 2022, section 3.1).

    Args:
        name: a key of `SPACES`, or the user's own.
        stem: channels of the 3x3 convolutions at the entrance.
        stem_strides: their strides; their product is the input's size over that of the first branch.
        stages: from the first to the last.
        head_channels: to which each branch is widened for classification.
        class_features: channels in front of the classifier.
        dense_channels: channels in front of the classifier of pixels (segmentation, keypoints).
        expansion: hidden channels of a block per input channel and kernel.
        kernels: sizes of the depthwise kernels.
        tokens: search units of the token path of a block; 0 leaves the path out, as the released code does.
        token_side: side of the map that tokens are read from; a token has `token_side` squared numbers.
    """

    name: str
    stem: tuple[int, ...]
    stem_strides: tuple[int, ...]
    stages: tuple[Stage, ...]
    head_channels: tuple[int, ...]
    class_features: int
    dense_channels: int
    expansion: int = 4
    kernels: tuple[int, ...] = (3, 5, 7)
    tokens: int = 0
    token_side: int = 8

    def without_tokens(self) -> Space:
        """The same space with no token path."""
        return replace(self, tokens=0)

    def to_plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
        return {**plain, "stages": [[list(stage.blocks), list(stage.channels)] for stage in self.stages]}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Space:
        """Read what `to_plain` gave.

        Raises:
            WinnowError: WN-S03 when it describes no space.
        """
        try:
            given = ((name, plain[name]) for name in cls.__dataclass_fields__)
            known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given}
            known["stages"] = tuple(Stage(tuple(blocks), tuple(channels)) for blocks, channels in plain["stages"])
            return cls(**known)
        except (KeyError, TypeError, ValueError) as error:
            raise WinnowError("WN-S03", f"it describes no supernet: {error}") from error


_PAPER_STAGES = (
    Stage((1,), (24,)),
    Stage((2, 2), (18, 36)),
    Stage((2, 2, 3), (18, 36, 72)),
    Stage((2, 2, 3, 4), (18, 36, 72, 144)),
    Stage((2, 2, 3, 4), (18, 36, 72, 144)),
)
_PAPER = Space(
    name="paper",
    stem=(24, 24),
    stem_strides=(2, 2),
    stages=_PAPER_STAGES,
    head_channels=(36, 72, 144, 320),
    class_features=1600,
    dense_channels=90,
    tokens=64,
)
_SMALL = Space(
    name="small",
    stem=(16, 16),
    stem_strides=(2, 1),
    stages=(
        Stage((1,), (16,)),
        Stage((1, 1), (16, 32)),
        Stage((1, 1, 2), (16, 32, 64)),
        Stage((1, 1, 2), (16, 32, 64)),
    ),
    head_channels=(32, 64, 128),
    class_features=256,
    dense_channels=48,
    tokens=16,
    token_side=4,
)
_TINY = Space(
    name="tiny",
    stem=(8, 8),
    stem_strides=(2, 1),
    stages=(Stage((1,), (8,)), Stage((1, 1), (8, 16)), Stage((1, 1, 1), (8, 16, 32))),
    head_channels=(16, 32, 64),
    class_features=64,
    dense_channels=16,
    expansion=2,
    tokens=8,
    token_side=4,
)
# The paper's space has one more form: ADE20K's head is twice as wide.
SPACES: dict[str, Space] = {
    "tiny": _TINY,
    "small": _SMALL,
    "paper": _PAPER,
    "paper-ade20k": replace(_PAPER, name="paper-ade20k", dense_channels=180),
}


def space_named(name: str, *, tokens: bool = True) -> Space:
    """The space of that name, with its token path or without.

    Raises:
        WinnowError: WN-M01 when there is none.
    """
    if name not in SPACES:
        raise WinnowError("WN-M01", f"no supernet {name!r}", fix=f"One of: {', '.join(SPACES)}.")
    return SPACES[name] if tokens else SPACES[name].without_tokens()
