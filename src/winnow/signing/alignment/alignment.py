"""`align`: a suspect's channels brought into the reference's order, without a look at what the key reads.

Hidden channels can be permuted, rescaled, padded and split at no cost. The committed reference undoes this: its mask
outside the keyed positions, and the sizes of its weights there. Nothing of the bits that are read afterwards enters,
so that they stay as independent of an innocent suspect as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.signing.alignment.assignment import Assignment, Compared, Places
from winnow.signing.alignment.axes import Axes
from winnow.signing.alignment.features import Pattern, evidence
from winnow.signing.alignment.overlay import Overlay, Tensors

SURE = 0.9  # so much agreement leaves nothing to search for
FULL = 0.9  # a reference tensor that keeps more than this tells nothing by its mask
UNCHANGED, ALIGNED = "as it is", "aligned"


@dataclass(frozen=True)
class Aligned:
    """A suspect in the reference's order.

    Attributes:
        tensors: in the reference's shapes, floats; NaN where the suspect has nothing.
        score: of the suspect's weights that are on outside keyed positions, the share that the reference keeps too;
            near the density for another network, near 1 for a copy.
        name: "as it is" when no channel moved, else "aligned".
    """

    tensors: dict[str, NDArray]
    score: float
    name: str


def align(
    suspect: Tensors,
    shapes: Mapping[str, tuple[int, ...]],
    masks: Tensors,
    blanked: Tensors,
    axes: Axes,
    weights: Tensors | None = None,
    restarts: int = 2,
) -> Aligned:
    """The suspect, each hidden channel at the place of the reference's that it resembles most.

    Channels are assigned from the fixed inputs and outputs inward, then group by group until nothing changes; where
    that does not end in agreement, again from other starts. The same arguments give the same result. A ResNet-20 takes
    about half a second, an innocent suspect of that size a second.

    Args:
        suspect: tensors by the reference's names; hidden axes may be longer or shorter. A tensor that is not there, or
            fits in no way, comes out as NaN.
        shapes: of the reference's tensors.
        masks: its kept weights; a tensor without a mask is kept whole.
        blanked: True at keyed positions, which the alignment does not look at; everywhere False if a tensor has none.
        axes: its coupled axes.
        weights: its weights, of which only absolute values outside keyed positions are used.
        restarts: how many more starts to try.
    """
    overlay = Overlay.of(suspect, shapes, axes)
    compared = [_compared(name, overlay, masks, blanked, weights) for name in overlay.tensors]
    places, score = _search(Assignment(compared, overlay.sizes), restarts)
    tensors = {name: overlay.ordered(name, shape, places) for name, shape in shapes.items()}
    unmoved = all(np.array_equal(found, np.arange(overlay.sizes[group][1])) for group, found in places.items())
    return Aligned(tensors, score, UNCHANGED if unmoved else ALIGNED)


def _compared(name: str, overlay: Overlay, masks: Tensors, blanked: Tensors, weights: Tensors | None) -> Compared:
    shape = overlay.shapes[name]
    mask = overlay.grid(name, masks.get(name, np.ones(shape, dtype=bool)))
    keyed = overlay.grid(name, blanked.get(name, np.zeros(shape, dtype=bool)))
    sizes = None if weights is None or name not in weights else overlay.grid(name, weights[name])
    pattern = Pattern.of(mask, keyed, sizes)
    shown = overlay.grid(name, overlay.tensors[name])
    kept = round(pattern.density * shown.size)
    return Compared.of(overlay.groups[name], pattern.stacked(), evidence(shown, kept))


def _search(assignment: Assignment, restarts: int) -> tuple[dict[int, Places], float]:
    """The places of the most evidence, and their agreement."""
    starts: list[Callable[[], dict[int, Places]]] = [assignment.inward, assignment.as_they_are, assignment.apart]
    places: dict[int, Places] = {}
    most, score = -np.inf, 0.0
    for start in starts[: 1 + restarts]:
        found = assignment.settled(start())
        total = assignment.total(found)
        if total > most:
            places, most, score = found, total, _agreement(assignment, found)
        if score >= SURE:
            break
    return places, score


def _agreement(assignment: Assignment, places: Mapping[int, Places]) -> float:
    both = on = 0.0
    for tensor in assignment.tensors:
        kept, seen, _ = tensor.reference
        if kept.sum() > FULL * seen.sum():
            continue
        shown = assignment.placed(tensor, places)[0] > 0  # evidence for a kept weight: the suspect's is on
        both += float((kept * shown).sum())
        on += float((seen * shown).sum())
    return both / on if on else 0.0
