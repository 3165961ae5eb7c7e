"""Observations and the conclusions of reports in words."""

from __future__ import annotations

from typing import Any

from winnow.trials.patients.fhir.concepts import items, joined, name, names, one_line
from winnow.trials.patients.fhir.lines import Line, fact, sentence, timed
from winnow.trials.patients.fhir.record import NotReadError, Record
from winnow.trials.patients.fhir.values import interpretation_words, reference_words, value_words

_VOID = ("entered-in-error", "cancelled")


def observation(record: Record) -> Line:
    """An Observation with its value, unit, interpretation and reference range, dated by its effective time."""
    body, status = record.body, record.word("status")
    if status in _VOID:
        raise NotReadError(f"status {status}: left out")
    first, *others = names(body.get("code")) or [""]
    if not first:
        raise NotReadError("no code or text says what was observed")
    when = record.when("effective") or record.when("issued")
    facts = [
        fact("status", status if status not in ("final", "amended", "corrected", "") else ""),
        fact("coded as", ", ".join(others)),
        fact("for", _focus(record)),
        fact("body site", joined(body.get("bodySite"))),
        *record.extensions(),
        fact("method", joined(body.get("method"))),
        fact("reference range", reference_words(body)),
        fact("note:", record.notes()),
        timed("on" if when and when.words[:1].isdigit() else "", when),
    ]
    return Line(sentence("Observation", f"{first}: {_told(record)}", facts), when and (when.ended or when.known))


def _focus(record: Record) -> str:
    """The condition that an observation such as a stage is about, where it came along."""
    found: list[str] = []
    for reference in items(record.body.get("focus")):
        entry = record.pool.find(reference, record.entry)
        if entry and entry.kind == "Condition":
            found.append(name(entry.body.get("code")))
        elif "Condition/" not in one_line(reference.get("reference")):
            record.complaints.append("a focus that is no condition: read as the patient's own")
    return ", ".join(dict.fromkeys(words for words in found if words))


def _told(record: Record) -> str:
    """Value, interpretation and components of an Observation; NotReadError when it tells nothing."""
    own = _result(record, record.body)
    parts: list[str] = []
    for component in items(record.body.get("component")):
        what, told = name(component.get("code")), _result(record, component)
        if what and told:
            parts.append(f"{what} {told}")
        else:
            record.complaints.append("a component without a code or a value")
    told = ", ".join([*([own] if own else []), *parts])
    if not told:
        raise NotReadError("no value" + (" of its own, only members" if record.body.get("hasMember") else ""))
    return told


def _result(record: Record, body: dict[str, Any]) -> str:
    value, unread = value_words(body)
    record.complaints += [f"{key} cannot be read" for key in unread]
    meaning = interpretation_words(body)
    if meaning and meaning.casefold() in value.casefold():
        meaning = ""
    if value or meaning:
        return ", ".join(part for part in (value, meaning and f"interpretation {meaning}") if part)
    absent = joined(body.get("dataAbsentReason"))
    return f"no result, data absent ({absent})" if absent else ""


def conclusion(record: Record) -> Line | None:
    """The conclusion of a DiagnosticReport on one line; None when it has none."""
    body = record.body
    words = ", ".join(part for part in (one_line(body.get("conclusion")), joined(body.get("conclusionCode"))) if part)
    if not words:
        return None
    when = record.when("effective") or record.when("issued")
    what = name(body.get("code")) or "report"
    status = record.word("status")
    facts = [fact("status", status if status not in ("final", "amended", "corrected", "appended", "") else "")]
    facts.append(timed("on" if when and when.words[:1].isdigit() else "", when))
    text = sentence(f"Diagnostic report, {what}", words.rstrip("."), facts)
    return Line(text, when and (when.ended or when.known))
