"""Medications and procedures in words: what was not given or not done reads so."""

from __future__ import annotations

from typing import Any

from winnow.trials.patients.fhir.concepts import items, joined, name, names, one_line, plain
from winnow.trials.patients.fhir.lines import Line, fact, latest, sentence, timed
from winnow.trials.patients.fhir.record import NotReadError, Record, When
from winnow.trials.patients.fhir.values import quantity_words

_OVER = ("completed", "stopped", "not-done", "not-taken", "cancelled", "ended")


def medication_statement(record: Record) -> Line:
    """A MedicationStatement."""
    when = record.when("effective") or record.when("dateAsserted")
    heads = {"not-taken": "Medication not taken", "intended": "Medication intended, not yet taken"}
    return _medication(record, heads.get(record.word("status"), "Medication"), when)


def medication_request(record: Record) -> Line:
    """A MedicationRequest: an order, which does not say that the medication was taken."""
    when, intent = record.when("authoredOn"), record.word("intent")
    if record.body.get("doNotPerform") is True:
        return _medication(record, "Medication not to be given", when)
    if record.word("status") in ("cancelled", "draft"):
        return _medication(record, f"Medication not ordered (order {record.word('status')})", when)
    planned = intent in ("proposal", "plan")
    return _medication(record, "Medication proposed, not ordered" if planned else "Medication ordered", when)


def medication_administration(record: Record) -> Line:
    """A MedicationAdministration."""
    head = "Medication not given" if record.word("status") == "not-done" else "Medication given"
    return _medication(record, head, record.when("effective"))


def _medication(record: Record, head: str, when: When | None) -> Line:
    status = _live_status(record)
    traits = [fact("dose", _dose(record)), fact("for", _reasons(record)), fact("because", joined(_why_not(record)))]
    return _spanned(head, _drug(record), status, [*traits, *record.extensions(), fact("note:", record.notes())], when)


def _drug(record: Record) -> str:
    body = record.body
    found = names(body.get("medicationCodeableConcept"))
    if not found:
        entry = record.pool.find(body.get("medicationReference"), record.entry)
        found = names(entry.body.get("code")) if entry else []
    reference = body.get("medicationReference")
    shown = one_line(reference.get("display")) if isinstance(reference, dict) else ""
    if not found and not shown:
        raise NotReadError("no code, text or resolvable reference says which medication")
    first, *others = found or [shown]
    return f"{first}, coded as {', '.join(others)}" if others else first


def procedure(record: Record) -> Line:
    """A Procedure. Not done ones read so, and so do those only prepared or on hold."""
    body, status = record.body, _live_status(record)
    first, *others = names(body.get("code")) or [""]
    if not first:
        raise NotReadError("no code or text says what was done")
    heads = {"not-done": "Procedure not done", "preparation": "Procedure planned, not yet done"}
    traits = [
        fact("coded as", ", ".join(others)),
        fact("body site", joined(body.get("bodySite"))),
        *record.extensions(),
        fact("for", _reasons(record)),
        fact("because", joined(_why_not(record))),
        fact("outcome", joined(body.get("outcome"))),
        fact("note:", record.notes()),
    ]
    return _spanned(heads.get(status, "Procedure"), first, status, traits, record.when("performed"))


def _spanned(head: str, what: str, status: str, traits: list[str], when: When | None) -> Line:
    """A line about something that may have lasted; before its end its status was not yet known."""
    dated = timed("on" if when and when.words[:1].isdigit() and not when.ended else "", when)
    text = sentence(head, what, [fact("status", status), *traits, dated])
    if not when or not when.ended:
        return Line(text, when and when.known)
    early = fact("status", "" if status in _OVER else status)
    return Line(text, latest(when.known, when.ended), sentence(head, what, [early, *traits, when.begun]), when.known)


def _live_status(record: Record) -> str:
    status = record.word("status")
    if status == "entered-in-error":
        raise NotReadError("entered in error: left out")
    return status


def _why_not(record: Record) -> list[dict[str, Any]]:
    if record.word("status") in ("not-done", "not-taken", "stopped", "cancelled"):
        return items(record.body.get("statusReason"))
    return []


def _reasons(record: Record) -> str:
    """What it was for: by code, or by the condition that is referred to."""
    found = [name(concept) for concept in items(record.body.get("reasonCode"))]
    for reference in items(record.body.get("reasonReference")):
        entry = record.pool.find(reference, record.entry)
        found.append((name(entry.body.get("code")) if entry else "") or plain(reference.get("display")))
    return ", ".join(dict.fromkeys(words for words in found if words))


def _dose(record: Record) -> str:
    """The dosage as text, else its quantity."""
    own = record.body.get("dosage", record.body.get("dosageInstruction"))
    told: list[str] = []
    for dosage in items(own):
        rates = [quantity_words(rate.get("doseQuantity")) for rate in items(dosage.get("doseAndRate"))]
        told.append(one_line(dosage.get("text")) or ", ".join(rate for rate in rates if rate))
    told += [quantity_words(dosage.get("dose")) for dosage in items(own)]
    return ", ".join(words for words in told if words)
