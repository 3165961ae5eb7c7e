"""Decoy keys: the suspect read with keys that marked nothing, as a test of the judge on the spot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.signing.code.layout import Layout
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import bits_of, end_to_end, lean_of, log2_binomial_tail
from winnow.signing.code.stream import KeyStream, derive_key
from winnow.signing.judging.verdict import Decoys

Masks = Mapping[str, NDArray[np.bool_]]
_SECRET = 32


def try_decoys(
    looks: Sequence[tuple[str, str, Masks]], best: int, layout: Layout, code_word: NDArray[np.bool_], keys: list[bytes]
) -> Decoys:
    """Read every look at the suspect with every decoy key.

    A decoy differs from the owner's key in its positions and its bits. The looks are the ones that the owner's key was
    read from, aligned while the owner's positions were blanked: a decoy sees through no blanks of its own.

    Args:
        looks: alignment, way and masks of each look.
        best: the look of which the distribution is told.
        layout: of the claim.
        code_word: of the claim, which every decoy sends under bits of its own.
        keys: of the decoys.

    Returns:
        Match counts.
    """
    distinct, place_of = _distinct([end_to_end(masks, layout) for _, _, masks in looks])
    # One after another: threads share Python's lock, and took a quarter longer.
    found = [_matches(key, distinct, layout, code_word) for key in keys]
    rows = np.array(found, np.int64).reshape(-1, len(distinct))[:, place_of]
    own, largest = rows[:, best], int(rows.max(initial=0))
    return Decoys(
        count=len(keys),
        alignment=looks[best][0],
        way=looks[best][1],
        counts=dict(sorted(Counter(own.tolist()).items())),
        largest=largest,
        mean=float(own.mean()) if len(own) else 0.0,
        deviation=float(own.std()) if len(own) else 0.0,
        log2_p=log2_binomial_tail(largest, len(code_word)),
    )


def decoy_keys(count: int, seed: bytes, public_key: bytes, model_id: str) -> list[bytes]:
    """Keys as the owner would have had them with other secrets; the same seed (32 bytes) gives the same keys."""
    stream = KeyStream(seed, "decoys")
    return [derive_key(stream.bytes(_SECRET), public_key, model_id) for _ in range(count)]


def _distinct(looks: Sequence[NDArray[np.int8]]) -> tuple[list[NDArray[np.int8]], list[int]]:
    """Looks that differ, and for every look its place among them: exact zeros look alike in every way."""
    distinct: list[NDArray[np.int8]] = []
    places: list[int] = []
    for row in looks:
        place = next((at for at, own in enumerate(distinct) if np.array_equal(row, own)), len(distinct))
        if place == len(distinct):
            distinct.append(row)
        places.append(place)
    return distinct, places


def _matches(key: bytes, rows: Sequence[NDArray[np.int8]], layout: Layout, code_word: NDArray[np.bool_]) -> list[int]:
    """What `read` says of each look, drawing what belongs to the key once."""
    positions = keyed_positions(key, layout)
    sent = code_word ^ KeyStream(key, "mask-bits").bits(layout.bits)
    ties = KeyStream(key, "ties").bits(layout.bits)
    return [int((bits_of(lean_of(row, positions), ties) == sent).sum()) for row in rows]
