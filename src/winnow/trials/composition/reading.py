"""Quantities in free text: of notes ("ANC of 2.1 x 10^9/L") and of criteria ("platelets >= 100,000/mm3")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from winnow.trials.composition.conversion import is_plausible, likely_unit
from winnow.trials.composition.measures import Measure, read_measures
from winnow.trials.composition.quantity import Quantity
from winnow.trials.composition.quantity_names import Name, first_of, names_in
from winnow.trials.composition.quantity_table import QUANTITIES, Kind
from winnow.trials.composition.units import unit_of

_FILLER = (
    r"(?:counts?|cell|levels?|values?|concentrations?|scores?|status|scale|class(?:ification)?|functional|"
    r"performance|ps|"
    r"physical|group|index|rate|total|serum|plasma|blood|fasting|interval|both|each|at|of|is|was|were|are|has|have|been|be|must|"
    r"should|will|with|a|an|the|and|between|range|ranging|from|currently|now|today|measured|estimated|calculated|"
    r"approximately|approx|about|around|equal|to|in|up|came|back|percent|predicted|adult|years|by|stable|cm|"
    r"ranged|found|noted|score|who|ecog|zubrod|for|on|grade|group's|patient|patients|subjects?|participants?)"
)
_GAP = re.compile(rf"(?:[\s:=,;~*-]|\([^()]{{0,60}}\)|\[[^\[\]]{{0,60}}\]|[()\[\]]|\b{_FILLER}\b\.?)*", re.IGNORECASE)
_CHAIN = re.compile(r"[\s,(]*(?:and|or|but|to|/|&|and/or)?[\s,(]*(?:is|are)?\s*", re.IGNORECASE)
_AGE_BEHIND = re.compile(r"(?:\s+and\s+\d+\s+months?)?[\s-]*(?:old\b|of\s+age\b|of\s+life\b|in\s+age\b)", re.IGNORECASE)
_AGE_BEHIND_BOTH = re.compile(
    r"\s*(?:and|or|to|,)\s*[<>=≤≥/\s]*\d+\s*(?:years?|yrs?)(?:\s+old|\s+of\s+age)", re.IGNORECASE
)
_PEOPLE = re.compile(
    r"(?:^|\b(?:patients?|subjects?|participants?|adults?|males?|females?|men|women|children|child|persons?|people|"
    r"individuals?|volunteers?|infants?|boys|girls|anyone|those|both\s+sexes|genders?))[\s,:(;]*(?:who|"
    r"that)?\s*(?:is|are|must\s+be|be|of|at\s+the\s+age\s+of|between|from)?\s*$",
    re.IGNORECASE,
)  # fmt: skip
_AGE_UNITS = ("years", "year", "yrs", "yr", "yo", "y/o", "y o", "months", "month", "weeks", "week", "days", "day", "mo")


def read_quantities(text: str) -> list[Quantity]:
    """The known quantities of a text, left to right.

    A number belongs to the nearest name before it with only filling words between, or to the name right behind it
    ("40 % ejection fraction"); "150/95 mm Hg" is two pressures; a number of years that is "old" or "of age", or that
    follows a person, is an age. A bare number gets the unit that makes it plausible ("hemoglobin 112" is in g/L).
    """
    return list(_read(text)) if any(mark.isalnum() for mark in text) else []


@lru_cache(maxsize=16384)
def _read(text: str) -> tuple[Quantity, ...]:
    names = names_in(text)
    found: list[Quantity] = []
    last: tuple[Kind, int] | None = None
    measures = read_measures(text)
    for place, read in enumerate(measures):
        measure = _with_shared_unit(text, read, measures[place + 1] if place + 1 < len(measures) else None)
        named = _named(text, measure, names, last)
        if named is None or (last and measure.start < last[1]):
            continue
        kind, start = named
        end = max(measure.end, _behind_age(text, measure.end)) if kind.name == "age" else measure.end
        found += _quantities(kind, replace(measure, end=end), start)
        last = (kind, end)
    return tuple(found)


def _with_shared_unit(text: str, measure: Measure, following: Measure | None) -> Measure:
    """The first bound of "> 18 and < 60 years of age" has the unit of the second."""
    if not (
        following and measure.operator and following.operator and measure.unit is None and measure.reference is None
    ):
        return measure
    if following.unit and _CHAIN.fullmatch(text[measure.end : following.start]):
        return replace(measure, unit=following.unit)
    return measure


def _named(text: str, measure: Measure, names: list[Name], last: tuple[Kind, int] | None) -> tuple[Kind, int] | None:
    """(kind, start) of the quantity a number belongs to."""
    for name in reversed([name for name in names if name.end <= measure.number_start]):
        floor = max(name.end, last[1] if last else 0)
        if name.end < floor or len(text[name.end : measure.start]) > 90:
            break
        if _GAP.fullmatch(text[name.end : max(name.end, measure.start)]) and _fits(name.kind, measure):
            return name.kind, min(first_of(names, name, text), measure.start)
    if _is_age(text, measure):
        return QUANTITIES["age"], measure.start
    if last and measure.operator and _CHAIN.fullmatch(text[last[1] : measure.start]) and _fits(last[0], measure):
        return last[0], measure.start
    return _named_behind(text, measure, names)


def _named_behind(text: str, measure: Measure, names: list[Name]) -> tuple[Kind, int] | None:
    for name in names:
        if name.start >= measure.end and name.kind.name != "age":
            between = text[measure.end : name.start]
            close = re.fullmatch(r"\s*(?:of\s+)?", between) is not None
            return (
                (name.kind, measure.start)
                if close and measure.unit != "" and _fits_behind(name.kind, measure)
                else None
            )
    return None


def _fits_behind(kind: Kind, measure: Measure) -> bool:
    """Behind the number a name counts only where the unit is its own ("40 % ejection fraction", "two prior lines")."""
    if kind.name == "prior lines":
        return measure.unit is None
    return measure.unit is not None and kind.unit is not None and _fits(kind, measure) and not kind.counted


def _fits(kind: Kind, measure: Measure) -> bool:
    """Whether the number can be of this kind: its unit, if it has one, is of a dimension the kind is measured in."""
    if measure.reference:
        return not kind.whole and kind.name not in ("age", "bmi", "weight", "height", "life expectancy")
    if measure.unit is None:
        return (measure.operator is not None and not kind.whole) or is_plausible(measure.low, kind)
    unit = unit_of(measure.unit, kind.counted)
    if kind.unit is None:
        return unit is not None and unit.dimension == "number"
    wanted = {known.dimension for one in (kind.unit, *kind.others) if (known := unit_of(one, kind.counted))}
    if kind.molar_mass:
        wanted |= {"g/l", "mol/l", "eq/l"}
    if kind.name in ("fev1", "karnofsky", "lansky"):
        wanted |= {"share"}
    return unit is not None and unit.dimension in wanted


def _is_age(text: str, measure: Measure) -> bool:
    unit = (measure.unit or "").lower().strip("- ")
    if unit not in _AGE_UNITS:
        return False
    if (
        unit in ("yo", "y/o", "y o")
        or _AGE_BEHIND.match(text, measure.end)
        or _AGE_BEHIND_BOTH.match(text, measure.end)
    ):
        return True
    before = text[max(0, measure.start - 60) : measure.start]
    behind = re.match(
        r"\s*(?:$|[,.;)]|(?:and|or)\s+(?:older|above|over|younger|under|up)|inclusive|\bmales?\b|\bfemales?\b)",
        text[measure.end :],
        re.IGNORECASE,
    )
    return bool(
        unit.startswith(("y", "month"))
        and _PEOPLE.search(before)
        and behind
        and (measure.operator or measure.high is not None)
    )


def _behind_age(text: str, end: int) -> int:
    match = _AGE_BEHIND.match(text, end)
    return match.end() if match else end


def _quantities(kind: Kind, measure: Measure, start: int) -> Iterator[Quantity]:
    """The quantity of a measure; two for a pressure written as a pair."""
    pressure = kind.name == "blood pressure" or (kind.unit == "mmHg" and measure.joint == "/")
    if pressure and measure.joint == "/" and measure.high is not None:
        for name, value in (("systolic blood pressure", measure.low), ("diastolic blood pressure", measure.high)):
            yield Quantity(
                name, _single(measure.operator), value, None, measure.unit or "mmHg", None, start, measure.end
            )
        return
    operator = "between" if measure.high is not None else measure.operator
    unit = measure.unit
    if unit is None and measure.reference is None:
        unit = likely_unit(measure.low, kind)
    yield Quantity(kind.name, operator, measure.low, measure.high, unit, measure.reference, start, measure.end)


def _single(operator: str | None) -> str | None:
    return None if operator == "between" else operator
