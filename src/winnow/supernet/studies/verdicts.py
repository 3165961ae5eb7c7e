"""Sentences that say what the numbers of a study say, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NAMES = {
    "random-matched": "a random mask with matched layers",
    "dense-small": "a dense network of as many weights",
    "compact-magnitude": "magnitude pruning of the searched network",
    "dense": "the whole dense supernet",
}


def verdicts(rows: Sequence[Mapping[str, Any]], reference: str) -> list[str]:
    """A sentence for every arm that is compared with the reference.

    An arm is ahead or behind when the 95 % interval of its difference over seeds leaves 0 out, and ties when it does
    not. No correction is made for the number of sentences.

    Args:
        rows: of `arm_rows`.
        reference: the arm that the others are compared with.
    """
    return [_verdict(row, reference) for row in rows if "difference_mean" in row]


def effect_verdicts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for every row of `effect_rows`."""
    return [f"At sparsity {row['sparsity']:g} {row['factor']} {_effect(row)}: {_numbers(row)}." for row in rows]


def _verdict(row: Mapping[str, Any], reference: str) -> str:
    name = _NAMES.get(row["arm"], row["arm"])
    place = f"At sparsity {row['sparsity']:g}, {row['row']}, {name}"
    if row["difference_mean"] is None:
        return f"{place} has no seed in common with {reference}."
    return f"{place} {_standing(row, reference)}: {_numbers(row)}."


def _standing(row: Mapping[str, Any], reference: str) -> str:
    low, high = row["difference_low"], row["difference_high"]
    if low is None or high is None:
        return f"cannot be told from {reference} by one seed"
    if low <= 0 <= high:
        return f"ties with {reference}"
    return f"is {'ahead of' if low > 0 else 'behind'} {reference}"


def _effect(row: Mapping[str, Any]) -> str:
    low, high = row["difference_low"], row["difference_high"]
    if low is None or high is None:
        return "cannot be judged by one seed"
    if low <= 0 <= high:
        return "makes no difference that can be told"
    return "helps" if low > 0 else "hurts"


def _numbers(row: Mapping[str, Any]) -> str:
    """ "difference -0.31 points (-1.20 to 0.58; higher on 1 seed, lower on 2, sign test p = 1.00)"."""
    text = f"difference {100 * row['difference_mean']:+.2f} points"
    if row["difference_low"] is None:
        return text
    interval = f"{100 * row['difference_low']:.2f} to {100 * row['difference_high']:.2f}"
    level = f", level on {row['seeds_equal']}" if row["seeds_equal"] else ""
    counts = f"higher on {row['seeds_higher']} of the seeds, lower on {row['seeds_lower']}{level}"
    return f"{text} ({interval}; {counts}, sign test p = {row['sign_p']:.2f})"
