"""Numbers with operator, range, unit and reference limit, wherever they stand in a text.

at least 1,500 /mm3      >= 2.5 x ULN      18 to 75 years      0 or 1      150/95 mm Hg      12 months or older
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from winnow.trials.composition import measure_patterns as patterns
from winnow.trials.composition.numbers import number

_LOOK_BACK = 48


@dataclass(frozen=True)
class Measure:
    """A number as it stands: `text[start:end]`, with the number itself from `number_start`.

    `operator` is None for a plain reading; `joint` is what stands between two numbers ("or", "/", "-").
    """

    start: int
    end: int
    number_start: int
    operator: str | None
    low: float
    high: float | None = None
    unit: str | None = None
    reference: str | None = None
    joint: str = ""


@lru_cache(maxsize=16384)
def read_measures(text: str) -> tuple[Measure, ...]:
    """Every number of a text, left to right and without overlap; Roman numerals only after "class", "NYHA" or "ASA"."""
    position, measures = 0, []
    while found := _next_number(text, position):
        measures.append(_measure_at(text, found))
        position = measures[-1].end
    return tuple(measures)


def tidied(unit: str) -> str:
    """A unit as it is printed: one line, no stray spaces around "/" and "^"."""
    unit = re.sub(r"\s+", " ", unit).strip(" -")
    return re.sub(r"\s*([/^])\s*", r"\1", unit)


def _next_number(text: str, position: int) -> re.Match[str] | None:
    arabic = patterns.NUMBER_HERE.search(text, position)
    for roman in patterns.ROMAN_HERE.finditer(text, position, arabic.start() if arabic else len(text)):
        if re.search(
            r"(?:class|nyha|asa)\W*(?:(?:class|status|score|classification)\W*)?(?:[<>=≥≤]\s*)*$",
            text[max(0, roman.start() - 40) : roman.start()],
            re.IGNORECASE,
        ):
            return roman
    return arabic


def _measure_at(text: str, found: re.Match[str]) -> Measure:
    start, operator = _operator_before(text, found.start())
    low, end = number(found[0]), found.end()
    high, unit, joint, end = _range(text, low, end, operator)
    reference, unit, end = _reference(text, unit, end)
    if operator in (None, "between") and high is None:
        operator, end = _operator_after(text, end)
    if high is not None and operator in (None, ">=", ">", "between"):
        operator = "between" if operator is not None else None
    return Measure(start, end, found.start(), operator, low, high, unit, reference, joint)


def _operator_before(text: str, position: int) -> tuple[int, str | None]:
    """Where the operator that ends at `position` starts, and which it is."""
    begin = max(0, position - _LOOK_BACK)
    for operator, pattern in patterns.OPERATORS:
        if match := pattern.search(text[begin:position]):
            return begin + match.start(), operator
    return position, None


def _operator_after(text: str, end: int) -> tuple[str | None, int]:
    for operator, pattern in patterns.AFTERWARDS:
        if match := pattern.match(text, end):
            return operator, match.end()
    return None, end


def _range(text: str, low: float, end: int, operator: str | None) -> tuple[float | None, str | None, str, int]:
    """(upper bound, unit, joint, end): the second number of a range when there is one, and the unit of either."""
    first = patterns.UNIT.match(text, end)
    behind = first.end() if first else end
    joint = patterns.JOINT.match(text, behind)
    second = _second(text, joint.end()) if joint else None
    if joint and second and _is_range(joint["joint"].strip().lower(), low, second[0], operator):
        high, end = number(second[0]), second.end()
        while more := patterns.MORE_CHOICES.match(text, end):
            high, end = number(more[1]), more.end()
        last = patterns.UNIT.match(text, end)
        unit = last or first
        return high, tidied(unit[0]) if unit else None, joint["joint"].strip().lower(), last.end() if last else end
    return None, tidied(first[0]) if first else None, "", behind


def _second(text: str, position: int) -> re.Match[str] | None:
    """The second number of a range: Roman only where the first was read as one, which the order of the two checks."""
    return patterns.NEXT_NUMBER.match(text, position) or patterns.ROMAN_NEXT.match(text, position)


def _is_range(joint: str, low: float, written: str, operator: str | None) -> bool:
    """Whether two numbers with this between them are one range, or a pair such as a blood pressure."""
    high = number(written)
    if joint == "/":
        return True
    if joint == "and":
        return high > low and (
            operator == "between" or (operator is None and not written[0].isdigit() and written.isupper())
        )
    if joint in ("or", ",") or joint.startswith(","):
        return operator is None and 0 < high - low <= 3 and high < 20
    return high > low and operator in (None, "between", ">=", ">")


def _reference(text: str, unit: str | None, end: int) -> tuple[str | None, str | None, int]:
    """(limit, unit, end): "x ULN" behind the number."""
    match = None if unit else patterns.LIMIT.match(text, end)
    if match is None or (match["limit"].lower() in ("normal", "baseline") and not match["times"]):
        return None, unit, end
    limit = match["limit"].lower()
    if "lln" in limit or limit.startswith("lower"):
        return "LLN", unit, match.end()
    return {"normal": "normal", "baseline": "baseline"}.get(limit, "ULN"), unit, match.end()
