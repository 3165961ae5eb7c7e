"""Which of a suspect's channels is which of the reference's: Hungarian assignments, one group of axes after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from winnow.signing.alignment.features import Array

SWEEPS = 12
Places = NDArray[np.int64]
GONE = -1  # a channel of the reference that the suspect does not have, or that is not known yet


@dataclass(frozen=True)
class Compared:
    """One tensor of both.

    Attributes:
        groups: the numbers of the groups along rows and columns; None where entries have fixed places.
        reference: `Pattern.stacked`, (3, n0, n1, K).
        suspect: `evidence`, (3, m0 + 1, m1 + 1, K): a row and a column of zeros behind the last stand for what is gone.
    """

    groups: tuple[int | None, int | None]
    reference: Array
    suspect: Array

    @classmethod
    def of(cls, groups: tuple[int | None, int | None], reference: Array, suspect: Array) -> Compared:
        """The tensors, the suspect's without the zeros."""
        return cls(groups, reference, np.pad(suspect, ((0, 0), (0, 1), (0, 1), (0, 0))))


class Assignment:
    """An alignment in the making.

    Args:
        tensors: what is compared.
        sizes: channels of each group in the reference and in the suspect.
    """

    def __init__(self, tensors: Sequence[Compared], sizes: Sequence[tuple[int, int]]) -> None:
        self.sizes = tuple(sizes)
        self.uses = [[(t, axis) for t in tensors for axis in (0, 1) if t.groups[axis] == g] for g in range(len(sizes))]
        self.tensors = tuple(tensors)

    def gains(self, group: int, places: Mapping[int, Places]) -> NDArray:
        """(n, m) evidence that each channel of the suspect is each of the reference's, the others at their places.

        Where the other axis of a tensor is not known yet, only what does not depend on its order is compared.
        """
        gains = np.zeros(self.sizes[group])
        for tensor, axis in self.uses[group]:
            reference, suspect = tensor.reference, tensor.suspect
            if axis:
                reference, suspect = reference.swapaxes(1, 2), suspect.swapaxes(1, 2)
            suspect = suspect[:, :-1]
            other = tensor.groups[1 - axis]
            if other is not None and other not in places:
                gains += _unordered(reference, suspect[:, :, :-1])
                continue
            ordered = suspect[:, :, : reference.shape[2]] if other is None else suspect[:, :, places[other]]
            for own, shown in zip(reference, ordered, strict=True):
                gains += own.reshape(len(own), -1) @ shown.reshape(len(shown), -1).T
        return gains

    def known(self, group: int, places: Mapping[int, Places]) -> float:
        """How many weights of each channel stand at places that are known."""
        found = 0.0
        for tensor, axis in self.uses[group]:
            other = tensor.groups[1 - axis]
            if other is None or other in places:
                found += float(tensor.reference[0].sum())
        return found / self.sizes[group][0]

    def total(self, places: Mapping[int, Places]) -> float:
        """All evidence for these places."""
        return sum(float((t.reference * self.placed(t, places)).sum()) for t in self.tensors)

    def placed(self, tensor: Compared, places: Mapping[int, Places]) -> Array:
        """The suspect's evidence in the reference's order."""
        rows, columns = (
            np.arange(n) if g is None else places[g]
            for g, n in zip(tensor.groups, tensor.reference.shape[1:3], strict=True)
        )
        return tensor.suspect[:, rows[:, None], columns[None, :]]

    def inward(self) -> dict[int, Places]:
        """Places found from the fixed ends inward: always next the group of which most is known."""
        places: dict[int, Places] = {}
        while len(places) < len(self.sizes):
            left = [group for group in range(len(self.sizes)) if group not in places]
            group = max(left, key=lambda g: (self.known(g, places), -g))
            places[group] = best(self.gains(group, places))
        return places

    def apart(self) -> dict[int, Places]:
        """Places found for each group by itself."""
        return {group: best(self.gains(group, {})) for group in range(len(self.sizes))}

    def as_they_are(self) -> dict[int, Places]:
        """Every channel at its own place."""
        return {g: np.where(np.arange(n) < m, np.arange(n), GONE) for g, (n, m) in enumerate(self.sizes)}

    def settled(self, places: Mapping[int, Places]) -> dict[int, Places]:
        """The places after each group was assigned anew, given the others, until nothing changes."""
        now = dict(places)
        changed = set(now)
        for _ in range(SWEEPS):
            moved = set()
            for group in now:
                if not self._neighbours(group) & changed:
                    continue
                found = best(self.gains(group, now))
                if not np.array_equal(found, now[group]):
                    now[group] = found
                    moved.add(group)
            changed = moved
            if not moved:
                break
        return now

    def _neighbours(self, group: int) -> set[int]:
        beside = {tensor.groups[1 - axis] for tensor, axis in self.uses[group]}
        return {group, *(other for other in beside if other is not None)}


def best(gains: NDArray) -> Places:
    """For each row, its column in the assignment of the largest sum; `GONE` where there are more rows than columns."""
    places = np.full(len(gains), GONE, dtype=np.int64)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    places[rows] = columns
    return places


def _unordered(reference: Array, suspect: Array) -> NDArray:
    """(n, m) evidence from counts at each offset alone: Poisson, the suspect's counts thinned to what is seen."""
    counts, seen = reference[0].sum(1), reference[1].sum(1)  # (n, K)
    shown = (suspect[0] > 0).sum(1).astype(np.float64)  # (m, K); kept weights speak for kept, others against
    share = seen / reference.shape[2]
    ratio = counts.sum() / max(float((share.mean(0) * shown.mean(0)).sum()) * len(counts), 1e-9)
    rate = ratio * (shown + 0.5)
    return counts @ np.log(rate).T - share @ rate.T
