"""Numbers: what the chart's sentences measured, brought to the criterion's unit and compared in code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from winnow.trials.answering.baseline.assertion import assess
from winnow.trials.answering.baseline.dates import in_window
from winnow.trials.answering.baseline.evidence import LONG_AGO, SURE, Finding
from winnow.trials.answering.baseline.intervals import INFINITY, Reading, compare, written
from winnow.trials.answering.baseline.scores import is_named, read_score
from winnow.trials.composition import Comparison, Quantity, Question, convert, read_quantities
from winnow.trials.composition.quantity_table import QUANTITIES
from winnow.trials.retrieval import Sentence

_NORMAL = re.compile(
    r"\b(?:within (?:the )?normal (?:limits|range)|wnl|(?<!ab)(?<!not )normal|unremarkable)\b", re.IGNORECASE
)
_RANGE = re.compile(
    r"(?:ref(?:erence)?(?: range)?|normal(?: range)?|nl)[:. ]*(?P<low>\d+(?:\.\d+)?) ?(?:-|\u2013|to) ?"
    r"(?P<high>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_GOAL = re.compile(r"\b(?:goal|target|threshold|transfuse|hold|keep|if|cut-?off|sensitivity of)\b", re.IGNORECASE)
_PRESSURE = re.compile(
    r"\b(?:blood pressure|bp)\b[^0-9.;]{0,25}(?P<over>\d{2,3}) ?/ ?(?P<under>\d{2,3})(?![\d/])", re.IGNORECASE
)

# ECOG and Karnofsky as Oken et al. (1982, Am J Clin Oncol 5:649) print them side by side; used only where the chart
# gives the other scale, and flagged.
_KARNOFSKY_OF_ECOG = {0: (90, 100), 1: (70, 80), 2: (50, 60), 3: (30, 40), 4: (10, 20), 5: (0, 0)}
CONVERTED = "converted from the other performance scale"
UNDECIDED = "on both sides of the bound"


def find_number(question: Question, sentences: Sequence[Sentence], as_of: date | None) -> Finding | None:
    """The newest reading against the comparison; None when the chart gives none that can be compared.

    Readings of one day that disagree are a conflict: left open, with both shown. So is a reading that may lie on
    either side of the bound ("ECOG 1-2" where at most 1 is asked for).
    """
    comparison = question.comparison
    if comparison is None:
        return None
    readings = [r for s in sentences if _in_time(s, question, as_of) for r in _readings(s, comparison)]
    readings = readings or [r for s in sentences for r in _from_other_scale(s, comparison)]
    if not readings:
        return None
    last = max(reading.sentence.day or LONG_AGO for reading in readings)
    newest = [reading for reading in readings if (reading.sentence.day or LONG_AGO) == last]
    return _found(comparison, newest)


def _found(comparison: Comparison, newest: Sequence[Reading]) -> Finding | None:
    told = [
        (truth, reading) for reading in newest if (truth := compare(reading.low, reading.high, comparison)) is not None
    ]
    if not told:
        return _undecided(comparison, newest)
    flags = tuple(dict.fromkeys(flag for _, reading in told for flag in reading.flags))
    sentences = tuple(dict.fromkeys(reading.sentence for _, reading in reversed(told)))
    said = f"{comparison.quantity}: " + ", ".join(written(reading) for _, reading in told[-2:])
    if len({truth for truth, _ in told}) == 2:
        return Finding(None, sentences, said, "rule:number", flags=(*flags, "conflict"))
    return Finding(told[-1][0], sentences, said, "rule:number", SURE, flags)


def _undecided(comparison: Comparison, newest: Sequence[Reading]) -> Finding:
    """What was read, latest first, and that it settles nothing."""
    flags = dict.fromkeys(flag for reading in newest for flag in reading.flags)
    sentences = tuple(dict.fromkeys(reading.sentence for reading in reversed(newest)))
    said = ", ".join(dict.fromkeys(written(reading) for reading in newest[-2:]))
    told = f"{comparison.quantity}: {said}, {UNDECIDED}"
    return Finding(None, sentences, told, "rule:number", flags=(*flags, UNDECIDED))


def _in_time(sentence: Sentence, question: Question, as_of: date | None) -> bool:
    window = question.window
    if window is None or sentence.day is None or as_of is None:
        return True
    return in_window(sentence.day, sentence.day, window, as_of) is not False


def _readings(sentence: Sentence, comparison: Comparison) -> list[Reading]:
    """What a sentence says of the comparison's quantity, in its unit, or as a multiple when it asks for one."""
    found = [
        reading
        for quantity in _given(sentence.text, comparison)
        if quantity.quantity == comparison.quantity and _measured(sentence, quantity)
        if (reading := _comparable(sentence, quantity, comparison))
    ]
    return found or _normal(sentence, comparison)


def _given(text: str, comparison: Comparison) -> Sequence[Quantity]:
    return quantities_in(text) if is_named(comparison) else read_score(text, comparison)


@lru_cache(maxsize=65536)
def quantities_in(text: str) -> tuple[Quantity, ...]:
    """The numbers of a text; blood pressure "120/70" is its two parts."""
    found = [] if not any(letter.isdigit() for letter in text) else list(read_quantities(text))
    known = {quantity.quantity for quantity in found}
    for match in _PRESSURE.finditer(text):
        for name, part in (("systolic blood pressure", "over"), ("diastolic blood pressure", "under")):
            if name not in known:
                value = float(match[part])
                found.append(Quantity(name, None, value, None, "mmHg", None, match.start(), match.end()))
    return tuple(found)


def _measured(sentence: Sentence, quantity: Quantity) -> bool:
    """Whether a number is the patient's own reading, not a goal, a threshold or a relative's."""
    said = assess(sentence.text, quantity.start, quantity.end, sentence.section)
    before = sentence.text[max(quantity.start - 25, 0) : quantity.start]
    return said.person == "patient" and not said.hypothetical and not _GOAL.search(before)


def _comparable(sentence: Sentence, quantity: Quantity, comparison: Comparison) -> Reading | None:
    low, high = _interval(quantity)
    if not is_named(comparison):
        return None if comparison.reference else Reading(low, high, sentence)
    if quantity.reference or comparison.reference:
        if quantity.reference == comparison.reference:
            return Reading(low, high, sentence)
        return _as_multiple(sentence, quantity, comparison)
    ends = [_converted(value, quantity.unit, comparison) for value in (low, high)]
    if ends[0] is None or ends[1] is None:
        return None
    return Reading(ends[0], ends[1], sentence)


def _interval(quantity: Quantity) -> tuple[float, float]:
    if quantity.operator in ("<", "<="):
        return -INFINITY, quantity.value
    if quantity.operator in (">", ">="):
        return quantity.value, INFINITY
    return quantity.value, quantity.value if quantity.high is None else quantity.high


def _converted(value: float, unit: str | None, comparison: Comparison) -> float | None:
    if abs(value) == INFINITY:
        return value
    kind = QUANTITIES.get(comparison.quantity)
    own = kind.unit if kind else None
    return convert(value, unit or own, comparison.unit or own, comparison.quantity)


def _as_multiple(sentence: Sentence, quantity: Quantity, comparison: Comparison) -> Reading | None:
    """A reading as a multiple of the upper or lower limit that the same sentence states."""
    stated = _RANGE.search(sentence.text, quantity.end)
    if stated is None or quantity.reference or comparison.reference not in ("ULN", "normal", "LLN"):
        return None
    limit = float(stated["low" if comparison.reference == "LLN" else "high"])
    low, high = _interval(quantity)
    return Reading(low / limit, high / limit, sentence) if limit > 0 else None


def _normal(sentence: Sentence, comparison: Comparison) -> list[Reading]:
    """A quantity called normal is at most once the upper limit and at least once the lower."""
    kind = QUANTITIES.get(comparison.quantity)
    if comparison.reference not in ("ULN", "LLN", "normal") or kind is None or not _NORMAL.search(sentence.text):
        return []
    if not any(
        re.search(rf"\b{re.escape(name)}\b", sentence.text, re.IGNORECASE)
        for name in (*kind.names, *kind.abbreviations)
    ):
        return []
    bounds = (1.0, INFINITY) if comparison.reference == "LLN" else (0.0, 1.0)
    return [Reading(*bounds, sentence)]


def _from_other_scale(sentence: Sentence, comparison: Comparison) -> list[Reading]:
    """ECOG read from Karnofsky or the other way round, flagged."""
    other = {"ecog": "karnofsky", "karnofsky": "ecog"}.get(comparison.quantity)
    given = [q for q in quantities_in(sentence.text) if q.quantity == other and _measured(sentence, q)] if other else []
    found: list[Reading] = []
    for quantity in given:
        if other == "ecog":
            ends = _KARNOFSKY_OF_ECOG.get(int(quantity.value))
        else:
            grades = [e for e, (low, high) in _KARNOFSKY_OF_ECOG.items() if low - 9 <= quantity.value <= high]
            ends = (min(grades), max(grades)) if grades else None
        if ends:
            found.append(Reading(*ends, sentence, (CONVERTED,)))
    return found
