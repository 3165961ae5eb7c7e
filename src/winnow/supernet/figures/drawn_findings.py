"""What one run came to, in sentences that are true whatever came out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from winnow.supernet.compact.accounting import Accounting
from winnow.supernet.figures.words import amount, counted, fraction, metric_word, share
from winnow.supernet.space import Architecture, dense_architecture
from winnow.supernet.studies import DrawResult
from winnow.supernet.studies.measured import DRAWN, RETRAINED

_EXACT = 1e-3  # how far a sparsity may lie from the one that was asked for


@dataclass(frozen=True)
class Evidence:
    """What the sentences are about.

    Attributes:
        result: of the run.
        architecture: of its last network.
        account: its layers under its mask.
        events: searches and prunings.
        trivial: measures on test of the best answer that needs no image; empty when not known.
    """

    result: DrawResult
    architecture: Architecture
    account: Accounting
    events: Sequence[Mapping[str, Any]] = ()
    trivial: Mapping[str, float] = field(default_factory=dict)


def findings(evidence: Evidence) -> list[str]:
    """What was kept, how good it is, what it costs, how the mask moved, and what did not hold."""
    kept = [_units(evidence), _weights(evidence), _macs(evidence)]
    return [*kept, *_quality(evidence), *_movement(evidence), *_failures(evidence), _hygiene(evidence)]


def _units(evidence: Evidence) -> str:
    one = evidence.architecture
    whole = dense_architecture(one.space, one.task, one.outputs, one.input_size)
    by_kernel = [sum(widths[k] for widths in one.widths) for k in range(len(one.space.kernels))]
    kernels = ", ".join(f"{n:,} of {k}x{k}" for n, k in zip(by_kernel, one.space.kernels, strict=True))
    empty = f"{one.empty_blocks} of {counted(len(one.places), 'block')} have only a shortcut left"
    tokens = f"; {sum(one.tokens):,} of {sum(whole.tokens):,} tokens are left" if sum(whole.tokens) else ""
    said = f"The network has {one.units:,} of the supernet's {whole.units:,} units ({share(one.units, whole.units)})"
    return f"{said}: {kernels}; {empty}{tokens}."


def _weights(evidence: Evidence) -> str:
    last, dense = evidence.result.last, evidence.result.dense_parameters
    return (
        f"Of the supernet's {amount(dense)} weights, {amount(last.parameters)} survived the search and "
        f"{amount(last.weights)} ({share(last.weights, dense)}) remain: the mask hides {100 * last.sparsity:.1f}% of "
        "the weights that may be pruned."
    )


def _macs(evidence: Evidence) -> str:
    last, dense = evidence.result.last, evidence.result.dense_macs
    return (
        f"One image takes {amount(last.macs)} MACs with the zeros in place ({share(last.macs, dense)} of the "
        f"supernet's {amount(dense)}), and {amount(last.sparse_macs)} ({share(last.sparse_macs, dense)}) with each "
        "layer's zeros left out; the released code's count, by the density of all layers together, would be "
        f"{amount(last.scaled_macs)}."
    )


def _quality(evidence: Evidence) -> list[str]:
    """Drawn and retrained, on validation and test, beside the blind answer."""
    result = evidence.result
    word = metric_word(result.metric)
    parts = []
    for name, about in ((DRAWN, "as drawn, without retraining"), (RETRAINED, "after retraining")):
        row = result.row(name)
        if row is not None:
            values = fraction(row.test.get(result.metric)), fraction(row.validation.get(result.metric))
            parts.append(f"{values[0]} {about} (validation {values[1]})")
    said = [f"Test {word}: {'; '.join(parts)}. One seed: no interval can be given."]
    blind = evidence.trivial.get(result.metric)
    if blind is not None:
        reached = result.last.test.get(result.metric, math.nan)
        above = "is above" if reached > blind else "is not above"
        said.append(f"The best answer that needs no image reaches {fraction(blind)}; the network {above} it.")
    front = evidence.trivial.get("miou_foreground")
    if front is not None:
        reached = result.last.test.get(result.metric, math.nan)
        above = "is above" if reached > front else "is not above"
        said.append(f"A perfect detector of foreground, blind to classes, reaches {fraction(front)}; it {above} that.")
    return said


def _movement(evidence: Evidence) -> list[str]:
    """Whether reactivation was real."""
    prunings = [event for event in evidence.events if event["kind"] == "prune"]
    searches = [event for event in evidence.events if event["kind"] == "search"]
    if not prunings and not searches:
        return ["Nothing was searched or pruned in this run."]
    changed = sum(bool(event.get("changed")) for event in searches)
    said = [f"{changed} of {counted(len(searches), 'search', 'es')} removed units."] if searches else []
    later = _returned(evidence)
    if later:
        back = 100 * sum(later) / len(later)
        told = f"{back:.2g}% of the weights that it keeps" if back else "none of the weights that it keeps"
        said.append(f"At a pruning after the first, on average, {told} had been pruned by the one before.")
    return said


def _returned(evidence: Evidence) -> list[float]:
    """Of every pruning after the first."""
    prunings = [event for event in evidence.events if event["kind"] == "prune"]
    return [event["returned"] for event in prunings[1:] if event.get("returned") is not None]


def _failures(evidence: Evidence) -> list[str]:
    """What did not hold; nothing when all did."""
    result, recipe, last = evidence.result, evidence.result.recipe, evidence.result.last
    said = [f"Did not hold: {warning}." for warning in evidence.account.warnings]
    if last.sparsity > 0 and abs(last.sparsity - recipe.sparsity) > _EXACT:
        asked = f"{100 * recipe.sparsity:g}% were asked for"
        said.append(f"Did not hold: the mask hides {100 * last.sparsity:.2f}% of the maskable weights, and {asked}.")
    searched = any(event["kind"] == "search" for event in evidence.events)
    if searched and recipe.search == "budget" and last.macs > recipe.budget * result.dense_macs:
        said.append(f"Did not hold: the MACs are above the budget of {100 * recipe.budget:g}% of the supernet's.")
    if _returned(evidence) and not any(_returned(evidence)) and recipe.reactivation != "none":
        said.append("Did not hold: no weight that was pruned came back, though the recipe lets them.")
    drawn, retrained = (_test(result, name) for name in (DRAWN, RETRAINED))
    if drawn is not None and retrained is not None and retrained < drawn:
        said.append(f"Did not hold: retraining made it worse, by {100 * (drawn - retrained):.2f} points on test.")
    broken = [row.row for row in result.rows if not math.isfinite(row.test.get(result.metric, math.nan))]
    return said + [f"Did not hold: the test {metric_word(result.metric)} of {row} is not a number." for row in broken]


def _test(result: DrawResult, name: str) -> float | None:
    row = result.row(name)
    return None if row is None else row.test.get(result.metric)


def _hygiene(evidence: Evidence) -> str:
    dense = "The dense supernet was not trained in this run; `winnow supernet ablate` compares with it."
    return (
        "Searching, pruning and BatchNorm's statistics used training images only; the test images were looked at once, "
        f"when all training was over. {dense if evidence.result.pipeline != 'dense' else ''}".strip()
    )
