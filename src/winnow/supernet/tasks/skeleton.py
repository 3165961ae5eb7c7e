"""Which joints are joined by a line in pictures, and in which colour. The names of the joints decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from winnow.reports.theme import BLUE, GREEN, VERMILLION

_LIMBS = (
    ("ankle", "knee"),
    ("knee", "hip"),
    ("hip", "shoulder"),
    ("wrist", "elbow"),
    ("elbow", "shoulder"),
    ("shoulder", "neck"),
    ("shoulder", "ear"),
    ("ear", "eye"),
    ("eye", "nose"),
)
_ACROSS = (
    ("left hip", "right hip"),
    ("left shoulder", "right shoulder"),
    ("neck", "head top"),
)
_MIDDLES = ("centre", "center", "centroid", "middle")
_COLOURS = {"left": BLUE, "right": VERMILLION, "": GREEN}


class SkeletonEdge(NamedTuple):
    """A line between two joints, by number; the body's left is blue, its right vermillion, its middle green."""

    first: int
    second: int
    colour: str


def skeleton(joints: Sequence[str]) -> tuple[SkeletonEdge, ...]:
    """The lines for joints of these names, such as COCO's ("left_shoulder") or LSP's ("left shoulder").

    Where no two joints are known to be joined, they are all joined to a middle one, if there is one.
    """
    places = {name.lower().replace("_", " ").replace("-", " "): number for number, name in enumerate(joints)}
    pairs = [
        (_sided(first, side), _sided(second, side), side) for side in ("right", "left") for first, second in _LIMBS
    ]
    pairs += [(first, second, "") for first, second in _ACROSS]
    edges = tuple(
        SkeletonEdge(places[first], places[second], _COLOURS[side])
        for first, second, side in pairs
        if first in places and second in places
    )
    return edges or _star(places)


def _sided(part: str, side: str) -> str:
    return part if part in ("neck", "nose") else f"{side} {part}"


def _star(places: dict[str, int]) -> tuple[SkeletonEdge, ...]:
    middle = next((number for name, number in places.items() if name in _MIDDLES), None)
    if middle is None:
        return ()
    sides = {number: name.split()[0] for name, number in places.items()}
    others = sorted(number for number in places.values() if number != middle)
    return tuple(SkeletonEdge(middle, number, _COLOURS.get(sides[number], GREEN)) for number in others)
