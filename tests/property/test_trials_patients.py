"""Patients: whatever the notes and the days, later notes never appear and no note is lost."""

from __future__ import annotations

import base64
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from patient_cases import bundle
from winnow.trials.patients import Note, NoteRules, Patient, read_patients, select_notes
from winnow.trials.patients.days import day_order, read_day
from winnow.trials.patients.duplicates import SHINGLE, earlier_copies

DAYS = st.dates(date(2019, 1, 1), date(2021, 12, 31))
KINDS = st.sampled_from(["clinical", "imaging", "structured", "unknown"])
# Few words and long texts, so that copies and near copies are common.
TEXTS = st.one_of(
    st.sampled_from(["Stable.", "Stable. ", "ECOG 1"]),
    st.lists(st.sampled_from(["a", "b"]), min_size=50, max_size=60).map(" ".join),
)
RULES = st.builds(
    NoteRules,
    kinds=st.none() | st.lists(KINDS, max_size=3).map(tuple),
    without=st.lists(KINDS, max_size=1).map(tuple),
    drop_duplicates=st.booleans(),
    near_duplicates=st.none() | st.floats(0.1, 1),
    undated=st.sampled_from(["keep", "drop"]),
    since=st.none() | DAYS,
)


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    made = [
        Note(f"n{number}", draw(TEXTS), draw(st.none() | DAYS), draw(KINDS))
        for number in range(draw(st.integers(0, 8)))
    ]
    return Patient("p", tuple(sorted(made, key=lambda note: note.day or date.min)))


@given(patients(), DAYS, RULES)
@settings(max_examples=60)
def test_a_later_note_never_appears(patient: Patient, as_of: date, rules: NoteRules) -> None:
    selected = select_notes(patient, as_of, rules)
    assert all(note.day is None or note.day <= as_of for note in selected.notes)
    if rules.undated == "drop":
        assert all(note.day for note in selected.notes)


@given(patients(), DAYS, RULES)
@settings(max_examples=60)
def test_later_notes_change_nothing(patient: Patient, as_of: date, rules: NoteRules) -> None:
    """The chart as it was: with the later notes never written, the same notes are selected for the same reasons."""
    before = Patient("p", tuple(note for note in patient.notes if not note.day or note.day <= as_of))
    now, then = select_notes(patient, as_of, rules), select_notes(before, as_of, rules)
    assert (now.notes, now.undated) == (then.notes, then.undated)
    known = {note.note_id for note in before.notes}
    assert tuple(one for one in now.left_out if one.note_id in known) == then.left_out


@given(patients(), st.none() | DAYS, RULES)
@settings(max_examples=60)
def test_every_note_is_kept_or_left_out_once(patient: Patient, as_of: date | None, rules: NoteRules) -> None:
    selected = select_notes(patient, as_of, rules)
    ids = [note.note_id for note in selected.notes] + [one.note_id for one in selected.left_out]
    assert sorted(ids) == sorted(note.note_id for note in patient.notes)
    assert all(one.reason for one in selected.left_out)


@given(patients(), st.none() | DAYS, RULES)
@settings(max_examples=60)
def test_selecting_twice_changes_nothing(patient: Patient, as_of: date | None, rules: NoteRules) -> None:
    notes = select_notes(patient, as_of, rules).notes
    assert select_notes(Patient("p", notes), as_of, rules).notes == notes


@given(patients(), st.floats(0.1, 1))
@settings(max_examples=60)
def test_near_copies_are_those_of_a_search_over_all_pairs(patient: Patient, threshold: float) -> None:
    def shingles(note: Note) -> set[tuple[str, ...]]:
        words = note.text.lower().split()
        long = note.kind != "structured" and len(words) >= 50
        return {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)} if long else set()

    kept: list[set[tuple[str, ...]]] = []
    expected: set[str] = set()
    for note in reversed(patient.notes):
        own = shingles(note)
        if any(own & other and len(own & other) / len(own | other) >= threshold for other in kept):
            expected.add(note.note_id)
        else:
            kept.append(own)
    assert set(earlier_copies(patient.notes, exact=False, threshold=threshold)) == expected


ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


@given(ANY)
@settings(max_examples=60)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    """From a file, a table and a FHIR attachment, whatever its line ends and marks."""
    data = base64.b64encode(text.encode()).decode()
    document = {
        "resourceType": "DocumentReference",
        "id": "d",
        "subject": {"reference": "Patient/ada"},
        "content": [{"attachment": {"contentType": "text/plain; charset=utf8", "data": data}}],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.txt").write_bytes(text.encode())
        (folder / "b.jsonl").write_text(json.dumps({"text": text}))
        (folder / "c.json").write_text(json.dumps(bundle(document)))
        plain = read_patients(folder / "a.txt")[0].notes[0].text
        table = read_patients(folder / "b.jsonl")[0].notes[0].text
        held = read_patients(folder / "c.json")[0].note("DocumentReference/d").text
    assert table == text
    assert plain == held == text.removeprefix("\ufeff")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["coding", "code", "text"]), inner),
    max_leaves=6,
)
FIELDS = """
code status subject valueQuantity valueString component content stage note date onsetDateTime effectivePeriod focus text
bodySite interpretation referenceRange medicationCodeableConcept conclusion presentedForm condition relationship
birthDate gender deceasedDateTime meta extension evidence
"""
TYPES = """
Patient Condition Observation MedicationStatement MedicationRequest MedicationAdministration Procedure
AllergyIntolerance FamilyMemberHistory DocumentReference DiagnosticReport Encounter
"""
BODIES = st.tuples(st.sampled_from(TYPES.split()), st.dictionaries(st.sampled_from(FIELDS.split()), JSON, max_size=5))


@given(st.lists(BODIES, min_size=1, max_size=4))
@settings(max_examples=100)
def test_every_resource_is_a_note_or_is_listed(made: list[tuple[str, dict[str, Any]]]) -> None:
    """No resource, however malformed, ends the reading or vanishes."""
    bodies: list[dict[str, Any]] = [
        {**body, "resourceType": kind, "id": f"r{n}"} for n, (kind, body) in enumerate(made)
    ]
    good = {
        "resourceType": "Condition",
        "id": "good",
        "code": {"text": "Asthma"},
        "subject": {"reference": "Patient/ada"},
    }
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.json"
        path.write_text(json.dumps(bundle(*bodies, good)))
        found = read_patients(path)
    told = {note.note_id for patient in found for note in patient.notes}
    told |= {entry.source for patient in found for entry in patient.unread}
    types = " ".join(entry.reason for patient in found for entry in patient.unread)
    assert "Condition/good" in told
    for body in bodies:
        assert f"{body['resourceType']}/{body['id']}" in told or f"type {body['resourceType']}:" in types


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)), st.sampled_from(["month first", "day first"]))
def test_a_written_day_is_read_back(day: date, order: Any) -> None:
    slashed = f"{day.month}/{day.day}" if order == "month first" else f"{day.day}/{day.month}"
    for text in (f"{slashed}/{day.year}", f"{slashed}/{day.year % 100:02} 1:05"):
        assert read_day(text, order) == day
    for form in ("%Y-%m-%d", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%d.%m.%Y", "%d-%b-%Y"):
        assert read_day(day.strftime(form)) == day
    if day.day > 12:
        assert day_order([f"{slashed}/{day.year}"]) == order


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_a_day(text: str) -> None:
    assert read_day(text) is None or isinstance(read_day(text), date)
