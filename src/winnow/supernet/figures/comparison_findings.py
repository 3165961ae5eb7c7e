"""What a study of many runs came to, in sentences that are true whatever came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from winnow.supernet.figures.words import amount, counted, fraction, metric_word, share
from winnow.supernet.studies import Comparison

_DENSE = "dense"


def findings(comparison: Comparison) -> list[str]:
    """The reference and what it costs, how every arm stands to it, what failed, and how far it can be trusted."""
    if not comparison.networks:
        return ["No run of this study has finished.", *_failed(comparison)]
    costs = [_reference(row, comparison.arms) for row in comparison.arms if row["arm"] == comparison.reference]
    return [*costs, *comparison.verdicts, *_broken(comparison), *_failed(comparison), *_trust(comparison)]


def _reference(row: Mapping[str, Any], arms: Sequence[Mapping[str, Any]]) -> str:
    """What the reference reaches and costs, beside the dense supernet where it was trained."""
    said = (
        f"At sparsity {row['sparsity']:g}, {row['row']}, {row['arm']} reaches a test {metric_word(row['metric'])} of "
        f"{_told(row)} with {amount(row['weights'])} weights and {amount(row['sparse_macs'])} MACs (zeros left out)"
    )
    same = (row["sparsity"], row["row"])
    dense = next((arm for arm in arms if arm["arm"] == _DENSE and (arm["sparsity"], arm["row"]) == same), None)
    if dense is None:
        return f"{said}."
    weights, macs = share(row["weights"], dense["weights"]), share(row["sparse_macs"], dense["sparse_macs"])
    return f"{said}: {weights} and {macs} of the dense supernet's, which reaches {_told(dense)}."


def _told(row: Mapping[str, Any]) -> str:
    """ "71.30% (69.00 to 73.60 over 3 seeds)"."""
    if row["test_low"] is None:
        return f"{fraction(row['test_mean'])} ({counted(row['seeds'], 'seed')}: no interval)"
    interval = f"{100 * row['test_low']:.2f} to {100 * row['test_high']:.2f}"
    return f"{fraction(row['test_mean'])} ({interval} over {counted(row['seeds'], 'seed')})"


def _broken(comparison: Comparison) -> list[str]:
    """Networks whose measure is no number; means leave them out."""
    broken = [row for row in comparison.networks if row["test"] is None]
    arms = dict.fromkeys(row["arm"] for row in broken)
    return [
        f"Did not hold: {arm} ended with a measure that is not a number in "
        f"{counted(sum(row['arm'] == arm for row in broken), 'network')}; means leave them out."
        for arm in arms
    ]


def _failed(comparison: Comparison) -> list[str]:
    return [f"Did not hold: {name} failed: {error}" for name, error in comparison.failed.items()]


def _trust(comparison: Comparison) -> list[str]:
    """How many seeds, and what was not corrected."""
    count = len({row["seed"] for row in comparison.networks})
    few = " With so few, an interval is wide and a tie says little." if count < 5 else ""
    return [
        f"An arm is ahead or behind when the 95% interval of its difference over {counted(count, 'seed')} leaves 0 "
        f"out, and ties otherwise; no correction is made for the number of comparisons.{few}",
        "Validation and test images are the same in every arm and seed; each network saw test images once, at its end.",
    ]
