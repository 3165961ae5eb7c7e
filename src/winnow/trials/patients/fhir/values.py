"""Values of observations in words: quantities with their units, ranges, ratios, answers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from winnow.trials.patients.fhir.concepts import items, name, names, one_line
from winnow.trials.patients.fhir.displays import INTERPRETATIONS

# UCUM puts remarks in braces: "{score}", "10*3/uL{cells}".
_REMARK = re.compile(r"\{[^}]*\}")


def number_words(value: Any) -> str:
    """A number as it was written, never with an exponent; "" when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return ""
    # The exponent is spelled out, but not one that would fill the memory.
    return format(value, "f") if isinstance(value, Decimal) and abs(value.adjusted()) < 30 else str(value)


def quantity_words(quantity: Any) -> str:
    """ "9.8 g/dL", ">= 10 %"; "" when there is no value."""
    if not isinstance(quantity, dict) or not number_words(quantity.get("value")):
        return ""
    unit = one_line(quantity.get("unit")) or _REMARK.sub("", one_line(quantity.get("code")))
    unit = "" if unit in ("1", "{score}") else unit
    parts = (one_line(quantity.get("comparator")), number_words(quantity["value"]), unit)
    return " ".join(part for part in parts if part)


def range_words(span: Any) -> str:
    """ "4 g/dL to 6 g/dL", "up to 6 g/dL", "from 4 g/dL"; "" when both ends are open."""
    if not isinstance(span, dict):
        return ""
    low, high = quantity_words(span.get("low")), quantity_words(span.get("high"))
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}" if high else ""


def _ratio(ratio: Any) -> str:
    if not isinstance(ratio, dict):
        return ""
    top, bottom = quantity_words(ratio.get("numerator")), quantity_words(ratio.get("denominator"))
    return f"ratio {top} : {bottom}" if top and bottom else top


def _concept(concept: Any) -> str:
    first, *others = names(concept) or [""]
    return f"{first} ({', '.join(others)})" if others else first


def _boolean(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else ""


def _period(value: Any) -> str:
    ends = [one_line(value.get(end))[:10] for end in ("start", "end")] if isinstance(value, dict) else []
    return " to ".join(end for end in ends if end)


_READERS: dict[str, Any] = {
    "valueCodeableConcept": _concept,
    "valueQuantity": quantity_words,
    "valueInteger": number_words,
    "valueString": one_line,
    "valueBoolean": _boolean,
    "valueRange": range_words,
    "valueRatio": _ratio,
    "valueDateTime": lambda value: one_line(value)[:10],
    "valueTime": one_line,
    "valuePeriod": _period,
}


def value_words(body: dict[str, Any]) -> tuple[str, list[str]]:
    """The value of an observation or of its component in words, and the value fields that have no words here.

    A record has one value by the standard; where it has several, all are given.
    """
    told = {key: _READERS[key](body[key]) for key in _READERS if key in body}
    unread = [key for key in body if key.startswith("value") and not told.get(key)]
    return ", ".join(words for words in told.values() if words), unread


def interpretation_words(body: dict[str, Any]) -> str:
    """The interpretation ("high", "Positive"), where it says more than the value does."""
    found: list[str] = []
    for concept in items(body.get("interpretation")):
        codes = [one_line(coding.get("code")) for coding in items(concept.get("coding"))]
        ours = next((INTERPRETATIONS[code] for code in codes if code in INTERPRETATIONS), "")
        words = name(concept)
        found.append(ours if ours and words.startswith("code ") else words)
    return ", ".join(dict.fromkeys(words for words in found if words))


def reference_words(body: dict[str, Any]) -> str:
    """The reference ranges."""
    spans = [one_line(span.get("text")) or range_words(span) for span in items(body.get("referenceRange"))]
    return ", ".join(span for span in spans if span)
