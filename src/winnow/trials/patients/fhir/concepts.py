"""Coded concepts in words."""

from __future__ import annotations

import re
from typing import Any

from winnow.trials.patients.fhir.displays import DISPLAYS

# SNOMED CT ends its full names with the kind of thing they are.
_TAG = re.compile(
    r"\s*\((?:disorder|procedure|qualifier value|finding|substance|morphologic abnormality|morphology|body structure|"
    r"observable entity|situation|regime/therapy|product|medicinal product|clinical drug|tumor staging|event|person|"
    r"record artifact|cell|physical object|organism)\)\s*$",
    re.IGNORECASE,
)
# Codes of these systems are what people write: "cT2", "NC_000019.8:g.1171707G>A", "HGNC:11389".
_SPOKEN = ("cancerstaging.org", "hgvs.org", "genenames.org", "unitsofmeasure.org")


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a field that should be a list of them (or one of them)."""
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, dict)]


def one_line(value: Any) -> str:
    """Text on one line; nothing for what is no text or number."""
    return " ".join(str(value).split()) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def plain(name: Any) -> str:
    """A name without SNOMED CT's tag: "Malignant neoplasm of breast (disorder)" loses "(disorder)"."""
    return _TAG.sub("", one_line(name)) or one_line(name)


def coding_words(coding: dict[str, Any]) -> str:
    """A coding's display, else ours, else the code where people write such codes; "" when there are no words."""
    code, system = one_line(coding.get("code")), one_line(coding.get("system"))
    spoken = code if any(name in system for name in _SPOKEN) else ""
    return plain(coding.get("display")) or DISPLAYS.get(code, "") or spoken


def names(concept: Any) -> list[str]:
    """All that a CodeableConcept is called, its own text first, without repetitions.

    A concept whose codes have no words is named by its codes ("code 12345-6").
    """
    parts = items(concept)
    found = [plain(part.get("text")) for part in parts]
    codings = [coding for part in parts for coding in items(part.get("coding"))]
    found += [coding_words(coding) for coding in codings]
    if not any(found):
        found = [f"code {one_line(coding.get('code'))}" for coding in codings if one_line(coding.get("code"))]
    distinct: dict[str, str] = {}
    for name in found:
        if name:
            distinct.setdefault(name.casefold(), name)
    return list(distinct.values())


def name(concept: Any) -> str:
    """The first of the names; "" when there is none."""
    return next(iter(names(concept)), "")


def joined(concepts: Any) -> str:
    """The names of several concepts, one each."""
    return ", ".join(dict.fromkeys(found for concept in items(concepts) if (found := name(concept))))


def code_of(concept: Any) -> str:
    """The first code of a concept (as status fields have), in lower case; "" when there is none."""
    for part in items(concept):
        for coding in items(part.get("coding")):
            if one_line(coding.get("code")):
                return one_line(coding["code"]).lower()
        if one_line(part.get("text")):
            return one_line(part["text"]).lower()
    return ""
