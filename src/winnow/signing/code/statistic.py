"""What a mask says about a mark, and how improbable that is by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.signing.code.codes import code_length, encode
from winnow.signing.code.layout import Layout
from winnow.signing.code.positions import Positions
from winnow.signing.code.stream import KeyStream

_SCALE = 1000


@dataclass(frozen=True)
class Reading:
    """A mask read under a key.

    Attributes:
        differences: per bit, kept weights at its first positions less those at its second ones.
        bits: the bits read: whether the difference is positive, ties as the key says.
        sent: the bits that the owner would have sent.
        matches: how many agree.
        total: how many there are.
    """

    differences: np.ndarray
    bits: np.ndarray
    sent: np.ndarray
    matches: int
    total: int

    @cached_property
    def log2_p(self) -> float:
        """log2 of the chance that a mask made without the key matches at least as often; exact."""
        return log2_binomial_tail(self.matches, self.total)

    @cached_property
    def log2_p_signed(self) -> float:
        """log2 of the chance that such a mask's differences lean at least as far to the sent bits; exact."""
        return log2_sign_flip(self.differences, np.where(self.sent, 1, -1))


def sent_bits(key: bytes, code: str, payload: bytes) -> np.ndarray:
    """The bits that are embedded: the payload's code word, each bit flipped or not by the stream "mask-bits"."""
    return encode(code, payload) ^ KeyStream(key, "mask-bits").bits(code_length(code))


def differences(masks: Mapping[str, np.ndarray], positions: Positions) -> np.ndarray:
    """Per bit, in the layout's order, kept weights at its first positions less those at its second ones (int64).

    Raises:
        WinnowError: WN-O05 when a mask is missing or of another shape than the layout says.
    """
    return lean_of(end_to_end(masks, positions.layout), positions)


def end_to_end(masks: Mapping[str, np.ndarray], layout: Layout) -> NDArray[np.int8]:
    """The masks of the keyed layers as one row of 0 and 1, into which `Positions.corners` point.

    Raises:
        WinnowError: WN-O05 when a mask is missing or of another shape than the layout says.
    """
    parts = []
    for layer in layout.keyed:
        mask = masks.get(layer.name)
        if mask is None or mask.shape != layer.shape or mask.dtype != bool:
            raise WinnowError("WN-O05", f"no boolean mask of shape {layer.shape}", where=layer.name)
        parts.append(mask.reshape(-1).view(np.int8))
    return np.concatenate(parts)


def lean_of(row: NDArray[np.int8], positions: Positions) -> NDArray[np.int64]:
    """What `differences` gives, from masks that `end_to_end` laid out."""
    one, two, three, four = row.take(positions.corners).T
    return np.add.reduceat(one + two - three - four, _starts(positions.layout), dtype=np.int64)


@lru_cache(maxsize=4)
def _starts(layout: Layout) -> NDArray[np.int64]:
    """At which rectangle each bit begins."""
    counts = np.concatenate([np.full(layer.bits, layer.width // 2) for layer in layout.keyed])
    return np.cumsum(counts) - counts


def read(masks: Mapping[str, np.ndarray], positions: Positions, key: bytes, sent: np.ndarray) -> Reading:
    """Read a mark from masks.

    Args:
        masks: booleans by layer, of the layout's shapes.
        positions: the key's positions.
        key: the key; it says how ties are read.
        sent: the bits to compare with, as `sent_bits` gives them.
    """
    found = differences(masks, positions)
    bits = bits_of(found, KeyStream(key, "ties").bits(len(found)))
    return Reading(found, bits, sent, int((bits == sent).sum()), len(found))


def bits_of(found: NDArray[np.int64], ties: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The bits that differences tell; where there is none, what the stream "ties" of the key says."""
    return np.where(found == 0, ties, found > 0)


@lru_cache(maxsize=4096)
def log2_binomial_tail(k: int, n: int, p: float = 0.5) -> float:
    """log2 P(X >= k) for X ~ Bin(n, p), from exact integers, so it holds at 2^-1000 as at 1/2.

    Args:
        k: successes; 0 or fewer give 0.0, more than n give minus infinity.
        n: trials.
        p: chance of one success.
    """
    if k <= 0:
        return 0.0
    if k > n or p <= 0:
        return -math.inf
    hit, all_ = p.as_integer_ratio()
    term, tail = hit**n, 0
    for successes in range(n, k - 1, -1):
        tail += term
        if successes > k:
            term = term * successes * (all_ - hit) // ((n - successes + 1) * hit)
    return _log2_ratio(tail, all_**n)


def log2_sign_flip(differences: np.ndarray, signs: np.ndarray) -> float:
    """log2 P(sum of e_b |D_b| >= sum of s_b D_b) over fair signs e: the sign-flip test, by counting all sign patterns.

    Args:
        differences: D, integers of shape (n,).
        signs: s, the signs sent, each 1 or -1.

    Raises:
        ValueError: more than 2,000 differences are not 0.
    """
    sizes = np.sort(np.abs(differences[differences != 0]).astype(np.int64))
    total, flips = int(sizes.sum()), len(sizes)
    if flips > 2 * _SCALE:
        raise ValueError(f"{flips} differences, at most {2 * _SCALE}")
    # A sum over signs is the total less twice what the minus signs cover, so patterns are counted by what they cover.
    spare = (total - int(np.dot(differences, signs))) // 2
    if 2 * spare < total:
        return _log2_subsets(sizes, spare) - flips
    # By complements: patterns that cover more than `spare` are as many as those that cover less than the others.
    rest = _log2_subsets(sizes, total - spare - 1) - flips
    return math.log1p(-(2.0**rest)) / math.log(2)


def adjusted(log2_p: float, tests: int) -> float:
    """log2 of min(1, tests x p): what remains of a p-value that is the smallest of `tests`."""
    return min(0.0, log2_p + math.log2(tests))


def _log2_subsets(sizes: np.ndarray, most: int) -> float:
    """log2 of how many subsets have a sum of at most `most`; minus infinity for a negative one.

    Floats hold the counts, from 2^-1000 for one up to 2^1000 for 2^2000: only positive numbers are added, so each
    addition costs one rounding and 2,000 of them leave 12 digits.
    """
    if most < 0:
        return -math.inf
    counts, reach = np.zeros(most + 1), 0
    counts[0] = 2.0**-_SCALE
    for size in sizes.tolist():
        reach = min(reach + size, most)
        counts[size : reach + 1] += counts[: max(reach + 1 - size, 0)]
    return math.log2(counts.sum()) + _SCALE


def _log2_ratio(part: int, whole: int) -> float:
    """log2(part / whole) to the last digits, near 0 and near minus a thousand alike."""
    if part == 0:
        return -math.inf
    if 2 * part > whole:
        return math.log1p(-((whole - part) / whole)) / math.log(2) if part < whole else 0.0
    shift = whole.bit_length() - part.bit_length()
    return math.log2((part << shift) / whole) - shift
