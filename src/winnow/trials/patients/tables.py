"""Notes that are rows of a table: whose, when, which kind, and the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from winnow.trials.patients.days import Order, day_order, is_ambiguous, read_day
from winnow.trials.patients.draft import Draft, free_id, patient_record
from winnow.trials.patients.files import refused
from winnow.trials.patients.kinds import kind_of
from winnow.trials.patients.patient import Note

# Names as MIMIC, OMOP and home-made tables have them, the best first.
_ALIASES: dict[str, tuple[str, ...]] = {
    "text": ("text", "note_text", "note", "content", "body", "report_text", "report"),
    "patient": ("patient_id", "patientid", "person_id", "subject_id", "pat_id", "mrn", "patient"),
    "note": ("note_id", "noteid", "document_id", "doc_id", "report_id", "id"),
    "day": (
        *("date", "note_date", "day", "note_datetime", "chartdate", "charttime", "service_date", "visit_date"),
        *("report_date", "document_date", "datetime", "timestamp"),
    ),
    "kind": ("type", "note_type", "kind", "category", "document_type", "doc_type", "note_title"),
    "born": ("birth_date", "birthdate", "date_of_birth", "dob", "born"),
    "sex": ("sex", "gender"),
}
_SHORT_YEAR = re.compile(r"\d{1,2}[-/. ]+\w+[-/. ]+\d{2}")
_SEXES = {"f": "female", "female": "female", "w": "female", "woman": "female"}
_SEXES |= {"m": "male", "male": "male", "man": "male", "other": "other", "o": "other"}


@dataclass(frozen=True)
class Row:
    """One row: its place in the file ("row 3") and its cells by column."""

    place: str
    cells: dict[str, Any]


def drafts_of(rows: Sequence[Row], file: str, patient_id: str) -> list[Draft]:
    """The patients of a table.

    Args:
        file: the file's name.
        patient_id: whose the rows without a patient are.

    Raises:
        WinnowError: WN-L01 when there is no column of text.
    """
    names = _columns(rows, file)
    days = [row.cells.get(names["day"]) for row in rows] if "day" in names else []
    order = day_order(value for value in days if value is not None)
    drafts: dict[str, Draft] = {}
    for row in rows:
        owner = _text(row.cells.get(names.get("patient", ""))) or patient_id
        _add(drafts.setdefault(owner, Draft(owner)), row, names, file, order)
    others = sorted({str(name) for row in rows for name in row.cells} - {str(name) for name in names.values()})
    for draft in drafts.values():
        if others:
            draft.list(file, f"columns not read: {', '.join(others)}")
        if draft.born or draft.sex:
            born = draft.born.isoformat() if draft.born else None
            draft.add(patient_record(draft.patient_id, draft.sex, born, file))
    return list(drafts.values())


def _columns(rows: Sequence[Row], file: str) -> dict[str, str]:
    """The table's column for each thing that we read, by any of its usual names, whatever the case."""
    present = {str(name).strip().lower().replace(" ", "_"): name for row in rows for name in row.cells}
    chosen = {
        thing: present[alias]
        for thing, aliases in _ALIASES.items()
        if (alias := next((one for one in aliases if one in present), None))
    }
    if "text" not in chosen:
        raise refused("no column of text", file, "Name the column of the notes' words `text`.")
    return chosen


def _add(draft: Draft, row: Row, names: dict[str, str], file: str, order: Order | None) -> None:
    cells = {thing: row.cells.get(name) for thing, name in names.items()}
    place = f"{file} {row.place}"
    draft.know(_born(cells.get("born"), draft, place), _sex(cells.get("sex"), draft, place), place)
    text = cells.get("text")
    if not isinstance(text, str) or not text.strip():
        draft.list(place, "no text")
        return
    day, kind = _day(cells.get("day"), order, draft, place), kind_of(cells.get("kind"))
    given = _text(cells.get("note"))
    name = given or free_id(_name(day, kind), draft.ids, "-")
    draft.add(Note(name, text, day, kind, file))


def _name(day: date | None, kind: str) -> str:
    """An id for a note that has none: it stays the same when other notes are added."""
    return "-".join([*([day.isoformat()] if day else []), *([kind] if kind != "unknown" else [])]) or "note"


def _day(value: object, order: Order | None, draft: Draft, place: str) -> date | None:
    if not _text(value):
        return None
    if order is None and is_ambiguous(value):
        draft.list(place, "the column has dates of both orders, and this one can be read either way: kept without date")
        return None
    day = read_day(value, order or "month first") or (read_day(value, "day first") if order is None else None)
    if day is None:
        draft.list(place, "the date cannot be read: kept without one")
    return day


def _born(value: object, draft: Draft, place: str) -> date | None:
    text = _text(value)
    if not text:
        return None
    if isinstance(value, date):
        return read_day(value)
    # A two-digit year of birth may be of either century, and digits of unknown order are no date.
    day = None if is_ambiguous(text) or _SHORT_YEAR.fullmatch(text) else read_day(text)
    if day is None:
        draft.list(place, "the birth date cannot be read for certain: write YYYY-MM-DD")
        return None
    return day


def _sex(value: object, draft: Draft, place: str) -> str | None:
    text = _text(value).lower()
    if text and text not in _SEXES and text not in ("unknown", "u"):
        draft.list(place, "the sex cannot be read")
    return _SEXES.get(text)


def _text(value: object) -> str:
    """A cell as an identifier: numbers without a needless ".0"; nothing for an empty or missing cell."""
    if value is None or value != value:
        return ""
    if isinstance(value, float | Decimal) and value == int(value):
        return str(int(value))
    return str(value).strip()
