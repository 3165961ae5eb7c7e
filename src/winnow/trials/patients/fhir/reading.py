"""One resource as notes in its patient's draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from winnow.trials.patients.days import read_range
from winnow.trials.patients.draft import Draft, patient_record
from winnow.trials.patients.fhir.attachments import document_notes, report_notes
from winnow.trials.patients.fhir.concepts import items, one_line
from winnow.trials.patients.fhir.conditions import allergy, condition, family_history
from winnow.trials.patients.fhir.lines import Line
from winnow.trials.patients.fhir.observations import conclusion, observation
from winnow.trials.patients.fhir.record import NotReadError, Record
from winnow.trials.patients.fhir.treatments import (
    medication_administration,
    medication_request,
    medication_statement,
    procedure,
)
from winnow.trials.patients.patient import STRUCTURED, Note

_LINES: dict[str, Callable[[Record], Line]] = {
    "Condition": condition,
    "Observation": observation,
    "MedicationStatement": medication_statement,
    "MedicationRequest": medication_request,
    "MedicationAdministration": medication_administration,
    "Procedure": procedure,
    "AllergyIntolerance": allergy,
    "FamilyMemberHistory": family_history,
}


def read_record(record: Record, draft: Draft) -> None:
    """Read one resource; whatever is wrong with it is listed and stops nothing."""
    entry = record.entry
    try:
        if items(record.body.get("modifierExtension")):
            raise NotReadError("a modifierExtension may change what it means: left out")
        for note in [_patient(record, draft)] if entry.kind == "Patient" else _notes(record):
            draft.add(note)
    except NotReadError as error:
        record.complaints.append(str(error))
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, ArithmeticError, RecursionError) as error:
        record.complaints.append(f"not of the form that FHIR R4 gives it ({type(error).__name__})")
    for complaint in record.complaints:
        draft.list(entry.name, complaint)


def _notes(record: Record) -> list[Note]:
    entry = record.entry
    if entry.kind == "DocumentReference":
        return document_notes(record)
    if entry.kind != "DiagnosticReport":
        return _LINES[entry.kind](record).notes(entry.name, entry.source)
    if record.word("status") in ("entered-in-error", "cancelled"):
        raise NotReadError(f"status {record.word('status')}: left out")
    forms, line = report_notes(record), conclusion(record)
    told = line.notes(entry.name + ("#conclusion" if forms else ""), entry.source) if line else []
    if not forms and not told and not record.complaints:
        raise NotReadError("neither a presented form nor a conclusion")
    return [*forms, *told]


def _patient(record: Record, draft: Draft) -> Note:
    """The record of birth date and sex; a death is a note of its own, on its day."""
    body, gender = record.body, record.word("gender")
    sex = gender if gender in ("female", "male", "other") else None
    birth = one_line(body.get("birthDate"))
    draft.know(_born(birth, record), sex, record.entry.name)
    when = record.when("deceased")
    if when or body.get("deceasedBoolean") is True:
        text = f"Patient record: deceased{f' {when.words}' if when else ''}."
        name = f"{record.entry.name}#deceased"
        draft.add(Note(name, text, when and when.known, STRUCTURED, record.entry.source))
    told = birth if birth and read_range(birth) else None
    return patient_record(record.entry.name.split("/", 1)[-1], sex, told, record.entry.source)


def _born(birth: str, record: Record) -> date | None:
    days = read_range(birth) if birth else None
    if birth and not days:
        record.complaints.append("a birth date that cannot be read")
    if not days or days.first == days.last:
        return days.first if days else None
    record.complaints.append("the birth date is only a month or a year: its middle is taken for the age")
    return date.fromordinal((days.first.toordinal() + days.last.toordinal()) // 2)
