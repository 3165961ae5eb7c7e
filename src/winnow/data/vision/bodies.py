"""What is known of a set of joints by their names: which swap in a mirror, how precisely they are marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COCO_JOINTS = (
    "nose",
    *(f"{side} {part}" for part in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
      for side in ("left", "right")),
)  # fmt: skip
LSP_JOINTS = (
    *(f"right {part}" for part in ("ankle", "knee", "hip")),
    *(f"left {part}" for part in ("hip", "knee", "ankle")),
    *(f"right {part}" for part in ("wrist", "elbow", "shoulder")),
    *(f"left {part}" for part in ("shoulder", "elbow", "wrist")),
    "neck",
    "head top",
)
# COCO's own, measured between annotators; neck and head as CrowdPose, which has them, sets them.
_SIGMAS = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "neck": 0.079,
    "top": 0.079,
}
_UNIFORM = 0.067  # the mean of COCO's 17, for joints of which nothing is known
_MIRROR = {"left": "right", "right": "left"}
Pair = tuple[int, int]


@dataclass(frozen=True)
class Body:
    """The joints of a set; the fields are those of `VisionSet`."""

    names: tuple[str, ...]
    flip_pairs: tuple[Pair, ...] = ()
    sigmas: tuple[float, ...] = ()
    torso: Pair | None = None
    head: Pair | None = None


def body_of(count: int, names: Sequence[str] | None = None) -> Body:
    """The body of `count` joints.

    Args:
        count: joints; without names, 17 are taken for COCO's and 14 for those of Leeds Sports Pose.
        names: such as "left_hip" or "right ankle"; left and right tell which joints swap.
    """
    known = {len(COCO_JOINTS): COCO_JOINTS, len(LSP_JOINTS): LSP_JOINTS}
    told = names or known.get(count) or [f"joint {number}" for number in range(count)]
    plain = tuple(name.replace("_", " ") for name in told)
    sigmas = tuple(_SIGMAS.get(name.split()[-1], 0.0) if name.strip() else 0.0 for name in plain)
    return Body(
        names=plain,
        flip_pairs=_flip_pairs(plain),
        sigmas=sigmas if all(sigmas) and _is_body(plain) else (_UNIFORM,) * count,
        torso=_pair(plain, "left shoulder", "right hip"),
        head=_pair(plain, "neck", "head top"),
    )


def _is_body(names: Sequence[str]) -> bool:
    return any(name.endswith(("shoulder", "hip", "nose")) for name in names)


def _flip_pairs(names: Sequence[str]) -> tuple[Pair, ...]:
    mirrored = [" ".join(_MIRROR.get(word, word) for word in name.split(" ")) for name in names]
    partners = [(number, names.index(other)) for number, other in enumerate(mirrored) if other in names]
    return tuple((first, second) for first, second in partners if first < second)


def _pair(names: Sequence[str], first: str, second: str) -> Pair | None:
    return (names.index(first), names.index(second)) if {first, second} <= set(names) else None
