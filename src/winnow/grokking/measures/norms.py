"""Norms of the weights that remain (Minegishi et al. 2023, figures 5a and 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from winnow.grokking.measures.parts import ALL, remaining
from winnow.sparsity import Mask


@dataclass(frozen=True)
class Norms:
    """Of one tensor's entries, or of all tensors' entries together.

    Attributes:
        l1: sum of magnitudes.
        l2: root of the sum of squares.
    """

    l1: float
    l2: float


def masked_norms(weights: Mapping[str, Tensor], mask: Mask | None = None) -> dict[str, Norms]:
    """Norms of what remains, per matrix and over all together under "all".

    Args:
        weights: one network's tensors by name.
        mask: names the matrices that count, and what remains of them; without one every tensor counts.

    Raises:
        WinnowError: WN-P02 when a masked weight is missing or has another shape.
    """
    sums = {name: (float(t.abs().sum()), float(t.square().sum())) for name, t in remaining(weights, mask).items()}
    sums[ALL] = (sum(first for first, _ in sums.values()), sum(second for _, second in sums.values()))
    return {name: Norms(first, second**0.5) for name, (first, second) in sums.items()}


def mean_norms(weights: Mapping[str, Tensor], mask: Mask | None = None) -> Norms:
    """The mean over matrices of their norms: what the authors' code logs as the norm, and builds its r_p from."""
    found = [norms for name, norms in masked_norms(weights, mask).items() if name != ALL]
    count = max(len(found), 1)
    return Norms(sum(norms.l1 for norms in found) / count, sum(norms.l2 for norms in found) / count)


def norm_ratios(start: Mapping[str, Tensor], mask: Mask, *, of_means: bool = False) -> Norms:
    """r_p = ||start * mask||_p / ||start||_p for p = 1 and 2: what a dense start is scaled by to have a ticket's norm.

    A random mask of density q gives q and sqrt(q).

    Args:
        start: one network's tensors by name.
        mask: of the ticket; only the matrices it covers count.
        of_means: of `mean_norms`, as in the authors' code, instead of the norms over all matrices together.

    Raises:
        WinnowError: WN-P02 when a masked weight is missing or has another shape.
    """
    covered = {name: start[name] for name in mask if name in start}
    if of_means:
        kept, whole = mean_norms(covered, mask), mean_norms(covered)
    else:
        kept, whole = masked_norms(covered, mask)[ALL], masked_norms(covered)[ALL]
    return Norms(kept.l1 / whole.l1, kept.l2 / whole.l2)
