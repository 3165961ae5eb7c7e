"""Distances between masks of one network."""

from __future__ import annotations

from winnow.sparsity.mask import Mask


def hamming(one: Mask, other: Mask) -> float:
    """The fraction of positions where the masks differ, 0 to 1."""
    one.check(other)
    other.check(one)
    differing = sum(int((one[name] ^ other[name]).sum()) for name in one)
    return differing / max(one.total, 1)


def jaccard(one: Mask, other: Mask) -> float:
    """1 - |both| / |either|: 0 for equal masks, 1 for masks that share nothing. Two empty masks are equal."""
    one.check(other)
    other.check(one)
    both = sum(int((one[name] & other[name]).sum()) for name in one)
    either = sum(int((one[name] | other[name]).sum()) for name in one)
    return 1 - both / either if either else 0.0
