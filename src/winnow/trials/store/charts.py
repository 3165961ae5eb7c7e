"""Patients and their notes. A changed note becomes a new version, and the old one stays for what quotes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, Row, delete, func, select, update

from winnow.core import WinnowError
from winnow.trials.patients import Note, Patient
from winnow.trials.store import documents
from winnow.trials.store.canonical import canonical
from winnow.trials.store.chain import Event
from winnow.trials.store.origin import now
from winnow.trials.store.tables import ANSWERS, NOTES, PATIENTS, REVIEWS, SNAPSHOTS


@dataclass(frozen=True)
class Imported:
    """What putting patients or trials changed, counted in notes or trials."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0

    def __add__(self, other: Imported) -> Imported:
        return Imported(
            self.added + other.added,
            self.changed + other.changed,
            self.withdrawn + other.withdrawn,
            self.unchanged + other.unchanged,
        )


def put(connection: Connection, patient: Patient, actor: str, merge: bool) -> tuple[Imported, list[Event]]:
    """Make the stored chart equal to the patient; with `merge` notes are added or replaced but none is withdrawn."""
    found = find(connection, [patient.patient_id])
    known = found[0] if found else None
    if merge and known:
        patient = _merged(known, patient)
    differs = known is None or _facts(patient) != _facts(known)
    if known is None:
        connection.execute(PATIENTS.insert().values(patient_id=patient.patient_id, at=now(), **_facts(patient)))
    elif differs:
        own = PATIENTS.c.patient_id == patient.patient_id
        connection.execute(update(PATIENTS).where(own).values(at=now(), **_facts(patient)))
    counts, changes = _put_notes(connection, patient, known.notes if known else ())
    if not (differs or changes):
        return counts, []
    told = {"born": documents.day_text(patient.born), "sex": patient.sex, "unread": len(patient.unread)}
    return counts, [Event("import", actor, {**told, **changes}, patient_id=patient.patient_id)]


def find(connection: Connection, ids: Sequence[str] | None) -> list[Patient]:
    """The stored patients of these ids, or all, in order of id; those that are not there are left out."""
    rows = _chosen(connection, PATIENTS, ids)
    notes: dict[str, list[Note]] = {row.patient_id: [] for row in rows}
    query = select(NOTES).where(NOTES.c.current).order_by(NOTES.c.place)
    if ids is not None:
        query = query.where(NOTES.c.patient_id.in_(list(ids)))
    for row in connection.execute(query):
        notes[row.patient_id].append(_note(row))
    return [
        Patient(row.patient_id, tuple(notes[row.patient_id]), row.born, row.sex, documents.unread_from(row.unread))
        for row in rows
    ]


def note_version(connection: Connection, patient_id: str, note_id: str, digest: str) -> Note:
    """The version of a note with this text's digest, current or not.

    Raises:
        WinnowError: WN-L03 when there is none.
    """
    query = select(NOTES).where(NOTES.c.patient_id == patient_id, NOTES.c.note_id == note_id, NOTES.c.digest == digest)
    row = connection.execute(query.order_by(NOTES.c.version.desc()).limit(1)).first()
    if row is None:
        raise WinnowError("WN-L03", "the store holds no such version of this note", where=note_id)
    return _note(row)


def require(connection: Connection, patient_ids: Iterable[str]) -> None:
    """Raise WN-L03 unless every patient is stored."""
    wanted = set(patient_ids)
    found = connection.execute(select(PATIENTS.c.patient_id).where(PATIENTS.c.patient_id.in_(wanted))).scalars()
    if missing := wanted - set(found):
        raise WinnowError(
            "WN-L03", "the store holds no such patient", where=min(missing), fix="winnow trials import brings it in."
        )


def forget(connection: Connection, patient_id: str) -> None:
    """Remove a patient with all that hangs on it, the audit excepted."""
    for table in (ANSWERS, SNAPSHOTS, REVIEWS, NOTES, PATIENTS):
        connection.execute(delete(table).where(table.c.patient_id == patient_id))


def _put_notes(
    connection: Connection, patient: Patient, before: Sequence[Note]
) -> tuple[Imported, dict[str, dict[str, str]]]:
    old = {note.note_id: note for note in before}
    fresh = {note.note_id: note for note in patient.notes}
    added = [note_id for note_id in fresh if note_id not in old]
    changed = [note_id for note_id in fresh if note_id in old and fresh[note_id] != old[note_id]]
    gone = [note_id for note_id in old if note_id not in fresh]
    own = NOTES.c.patient_id == patient.patient_id
    for note_id in changed + gone:
        connection.execute(update(NOTES).where(own, NOTES.c.note_id == note_id, NOTES.c.current).values(current=False))
    _insert_versions(connection, patient, {*added, *changed})
    if added or gone or list(old) != list(fresh):
        for place, note_id in enumerate(fresh):
            connection.execute(update(NOTES).where(own, NOTES.c.note_id == note_id).values(place=place))
    parts = {"added": added, "changed": changed, "withdrawn": gone}
    changes = {name: {n: (fresh.get(n) or old[n]).digest for n in part} for name, part in parts.items() if part}
    return Imported(len(added), len(changed), len(gone), len(fresh) - len(added) - len(changed)), changes


def _insert_versions(connection: Connection, patient: Patient, which: set[str]) -> None:
    query = select(NOTES.c.note_id, func.max(NOTES.c.version)).where(NOTES.c.patient_id == patient.patient_id)
    last = pairs(connection, query.group_by(NOTES.c.note_id))
    rows = [
        {
            "patient_id": patient.patient_id,
            "note_id": note.note_id,
            "version": last.get(note.note_id, 0) + 1,
            "current": True,
            "place": place,
            "digest": note.digest,
            "text": note.text,
            "day": note.day,
            "kind": note.kind,
            "source": note.source,
            "at": now(),
        }
        for place, note in enumerate(patient.notes)
        if note.note_id in which
    ]
    if rows:
        connection.execute(NOTES.insert(), rows)


def pairs(connection: Connection, query: Executable) -> dict[Any, Any]:
    """A query of two columns as a dict."""
    rows: Iterable[Any] = connection.execute(query)
    return {row[0]: row[1] for row in rows}


def _merged(known: Patient, more: Patient) -> Patient:
    """The stored patient with what is newly known; later notes behind earlier ones, undated ones first."""
    notes = {note.note_id: note for note in (*known.notes, *more.notes)}
    order = sorted(notes.values(), key=lambda note: documents.day_text(note.day) or "")
    unread = tuple(dict.fromkeys((*known.unread, *more.unread)))
    return Patient(known.patient_id, tuple(order), more.born or known.born, more.sex or known.sex, unread)


def _facts(patient: Patient) -> dict[str, Any]:
    return {"born": patient.born, "sex": patient.sex, "unread": canonical(patient.unread)}


def _note(row: Row[Any]) -> Note:
    return Note(row.note_id, row.text, row.day, row.kind, row.source)


def _chosen(connection: Connection, table: Any, ids: Sequence[str] | None) -> Sequence[Row[Any]]:
    query = select(table) if ids is None else select(table).where(table.c.patient_id.in_(list(ids)))
    # Sorted here: the order of text is each database's own.
    return sorted(connection.execute(query), key=lambda row: row.patient_id)
