"""The grammar against the Leaf corpus' hand-written logical forms.

The corpus is cut in two by trial: the grammar was written while looking at trials whose SHA-256 is even, the half
"development"; the odd ones, "test", were only ever scored. Figures carry 95 % intervals of a bootstrap over trials.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.trials.composition import compose
from winnow.trials.composition.numbers import number
from winnow.trials.criteria import Criterion
from winnow.trials.evaluation.leaf_forms import LeafCriterion, read_leaf
from winnow.trials.evaluation.leaf_structure import Structure, composed_structure, leaf_structure

HALVES = ("development", "test", "all")
RESAMPLES = 1000
_NAIVE = re.compile(
    r"(?P<op>>=|<=|=<|=>|≥|≤|>|<|at least|less than|more than|greater than)\s*(?P<low>\d+(?:\.\d+)?)", re.IGNORECASE
)
_NAIVE_OPERATORS = {
    "≥": ">=",
    "=>": ">=",
    "at least": ">=",
    "≤": "<=",
    "=<": "<=",
    "less than": "<",
    "more than": ">",
    "greater than": ">",
}

Reader = Callable[[LeafCriterion], Structure]


@dataclass(frozen=True)
class _Measure:
    """A figure: its name, and (true positives, predicted, gold) of one criterion."""

    name: str
    of: Callable[[Structure, Structure], tuple[float, float, float]]
    ratio: bool = False


def half_of(trial_id: str) -> str:
    """ "development" for an even SHA-256 of the trial's number, else "test"."""
    return "development" if int(hashlib.sha256(trial_id.encode()).hexdigest(), 16) % 2 == 0 else "test"


def evaluate_composition(path: str | Path, half: str = "test") -> list[dict[str, str | float | int]]:
    """One row a method and figure.

    Parse rate: of the criteria whose gold has an operator, a comparison or a window, the share for which the method
    returns any. Exact: the operators are the same multiset and the comparisons and windows the same sets. F1 figures
    are over all criteria, micro-averaged: operators as multisets, the others as sets a criterion.

    Args:
        path: `logical-forms.parquet` with columns nct_id, criterion, form.
        half: "development", "test" or "all".

    Returns:
        dicts of method, figure, value, low, high (95 % interval), criteria, trials.

    Raises:
        WinnowError: WN-D02 when the file cannot be read, WN-C01 for an unknown half.
    """
    if half not in HALVES:
        raise WinnowError("WN-C01", "no such half of the corpus", where=half, fix=f"Use one of {HALVES}.")
    criteria = [one for one in read_corpus(path) if half in ("all", half_of(one.trial_id))]
    gold = [leaf_structure(one.form) for one in criteria]
    trials = [one.trial_id for one in criteria]
    rows: list[dict[str, str | float | int]] = []
    for method, reader in METHODS.items():
        read = [reader(one) for one in criteria]
        rows += [_row(method, measure, read, gold, trials) for measure in _MEASURES]
    return rows


def read_corpus(path: str | Path) -> list[LeafCriterion]:
    """The rows of the corpus whose forms can be read.

    Raises:
        WinnowError: WN-D02 when the file cannot be read.
    """
    try:
        table = pq.read_table(path, columns=["nct_id", "criterion", "form"])
    except (OSError, ValueError, KeyError) as error:
        raise WinnowError("WN-D02", "not a table of logical forms", where=Path(path).name) from error
    read = [read_leaf(*(row[c] for c in ("nct_id", "criterion", "form"))) for row in table.to_pylist()]
    return [one for one in read if one is not None]


def by_grammar(criterion: LeafCriterion) -> Structure:
    """What our grammar reads."""
    text = criterion.text
    asked = Criterion(f"{criterion.trial_id}/x", criterion.trial_id, criterion.kind, text, 0, len(text))
    return composed_structure(compose(asked))


def by_nothing(_: LeafCriterion) -> Structure:
    """The baseline without structure: every criterion is one question."""
    return Structure()


def by_numbers(criterion: LeafCriterion) -> Structure:
    """The baseline of one expression for numbers behind an operator."""
    found = Structure()
    for match in _NAIVE.finditer(criterion.text):
        operator = _NAIVE_OPERATORS.get(match["op"].lower(), match["op"])
        found.comparisons.add((operator, number(match["low"]), -1.0))
    found.units = {(*bound, "") for bound in found.comparisons}
    return found


def by_words(criterion: LeafCriterion) -> Structure:
    """The baseline that takes the words "and", "or" and "no" for operators, and numbers as `by_numbers`."""
    found = by_numbers(criterion)
    for operator, words in (("AND", r"\band\b"), ("OR", r"\bor\b"), ("NOT", r"\b(?:no|not|without)\b")):
        if re.search(words, criterion.text, re.IGNORECASE):
            found.operators[operator] = 1
    return found


METHODS: dict[str, Reader] = {
    "grammar": by_grammar,
    "no structure": by_nothing,
    "numbers by one expression": by_numbers,
    "words as operators": by_words,
}


def _operators(read: Structure, gold: Structure) -> tuple[float, float, float]:
    both = read.operators & gold.operators
    return both.total(), read.operators.total(), gold.operators.total()


def _one_operator(name: str) -> Callable[[Structure, Structure], tuple[float, float, float]]:
    return lambda read, gold: (
        min(read.operators[name], gold.operators[name]),
        read.operators[name],
        gold.operators[name],
    )


def _sets(name: str) -> Callable[[Structure, Structure], tuple[float, float, float]]:
    return lambda read, gold: (
        len(getattr(read, name) & getattr(gold, name)),
        len(getattr(read, name)),
        len(getattr(gold, name)),
    )


def _units(read: Structure, gold: Structure) -> tuple[float, float, float]:
    scored = read.with_units_of(gold)
    return len(scored & gold.units), len(scored), len(gold.units)


def _parsed(read: Structure, gold: Structure) -> tuple[float, float, float]:
    return float(not gold.is_plain and not read.is_plain), 0.0, float(not gold.is_plain)


def _exact(read: Structure, gold: Structure) -> tuple[float, float, float]:
    same = read.operators == gold.operators and read.comparisons == gold.comparisons and read.windows == gold.windows
    return float(same), 0.0, 1.0


_MEASURES = (
    _Measure("parse rate", _parsed, ratio=True),
    _Measure("exact structure", _exact, ratio=True),
    _Measure("operator F1", _operators),
    _Measure("AND F1", _one_operator("AND")),
    _Measure("OR F1", _one_operator("OR")),
    _Measure("negation F1", _one_operator("NOT")),
    _Measure("comparison F1", _sets("comparisons")),
    _Measure("comparison with unit F1", _units),
    _Measure("temporal F1", _sets("windows")),
    _Measure("past and present F1", _sets("states")),
)


def _row(
    method: str, measure: _Measure, read: Sequence[Structure], gold: Sequence[Structure], trials: Sequence[str]
) -> dict[str, str | float | int]:
    counts = np.array([measure.of(one, other) for one, other in zip(read, gold, strict=True)], dtype=np.float64)
    by_trial = _summed(counts, trials)
    value = _figure(by_trial.sum(axis=0), measure.ratio)
    low, high = _interval(by_trial, measure.ratio)
    return {
        "method": method,
        "figure": measure.name,
        "value": value,
        "low": low,
        "high": high,
        "criteria": len(trials),
        "trials": len(by_trial),
    }


def _summed(counts: NDArray[np.float64], trials: Sequence[str]) -> NDArray[np.float64]:
    """Counts a trial, float64 [trials, 3]."""
    _, places = np.unique(np.array(trials), return_inverse=True)
    summed = np.zeros((int(places.max()) + 1 if len(places) else 0, 3))
    np.add.at(summed, places, counts)
    return summed


def _figure(counts: NDArray[np.float64], ratio: bool) -> float:
    """A share, or F1 = 2 tp / (predicted + gold); 0 where there is nothing."""
    hits, predicted, gold = counts.tolist()
    below = gold if ratio else (predicted + gold) / 2
    return hits / below if below else 0.0


def _interval(by_trial: NDArray[np.float64], ratio: bool) -> tuple[float, float]:
    trials = len(by_trial)
    drawn = np.random.default_rng(0).multinomial(trials, np.full(trials, 1 / trials), size=RESAMPLES) @ by_trial
    low, high = np.quantile([_figure(counts, ratio) for counts in drawn], (0.025, 0.975))
    return float(low), float(high)
