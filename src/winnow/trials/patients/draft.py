"""A patient while it is being read: notes and complaints gathered from several places."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from winnow.trials.patients.patient import STRUCTURED, Note, Patient, Unread


@dataclass
class Draft:
    """What is known so far of one patient; the fields are those of `Patient`.

    Attributes:
        ids: for every id in use, the notes that came with it.
    """

    patient_id: str
    notes: list[Note] = field(default_factory=list)
    born: date | None = None
    sex: str | None = None
    unread: list[Unread] = field(default_factory=list)
    ids: dict[str, list[Note]] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for note in self.notes:
            self.ids.setdefault(note.note_id, []).append(note)

    def add(self, note: Note) -> None:
        """Take a note in. An id that another note has is told apart by "#2"; the same note twice is listed once."""
        same = self.ids.get(note.note_id, [])
        if any((own.text, own.day) == (note.text, note.day) for own in same):
            self.list(note.note_id, "the same note twice: read once")
        elif same:
            free = free_id(note.note_id, self.ids, "#")
            self.list(note.note_id, f"another note has this id: kept as {free}")
            self._keep(replace(note, note_id=free))
            same.append(note)
        else:
            self._keep(note)

    def _keep(self, note: Note) -> None:
        self.notes.append(note)
        self.ids.setdefault(note.note_id, []).append(note)

    def list(self, source: str, reason: str) -> None:
        """Enter something that was not understood."""
        self.unread.append(Unread(source, reason))

    def know(self, born: date | None, sex: str | None, source: str) -> None:
        """Take birth date and sex in; a contradiction is listed and the first one stays."""
        for name, own, new in (("birth date", self.born, born), ("sex", self.sex, sex)):
            if own and new and own != new:
                self.list(source, f"another {name} than before: the first one stays")
        self.born, self.sex = self.born or born, self.sex or sex

    def take(self, other: Draft) -> None:
        """Take in all that another draft of the same patient holds."""
        for note in other.notes:
            self.add(note)
        self.unread.extend(other.unread)
        self.know(other.born, other.sex, other.patient_id)

    def finished(self) -> Patient:
        """The patient: notes in order of day, undated ones first and the patient record before them, else as read."""
        notes = sorted(self.notes, key=lambda note: (note.day or date.min, not is_patient_record(note)))
        return Patient(self.patient_id, tuple(notes), self.born, self.sex, tuple(dict.fromkeys(self.unread)))


def merged(drafts: Iterable[Draft]) -> list[Draft]:
    """One draft per patient id, in order of first appearance."""
    found: dict[str, Draft] = {}
    for draft in drafts:
        found.setdefault(draft.patient_id, Draft(draft.patient_id)).take(draft)
    return list(found.values())


def free_id(wanted: str, taken: Container[str], mark: str) -> str:
    """`wanted`, or with "2", "3" ... after `mark` when it is taken."""
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}{mark}{number}" in taken:
        number += 1
    return f"{wanted}{mark}{number}"


def patient_record(patient_id: str, sex: str | None, born: str | None, source: str) -> Note:
    """The one note that age and sex are quoted from; it has no day, since it is true of every day."""
    parts = [sex or "sex unknown", f"born {born}" if born else "birth date unknown"]
    return Note(f"Patient/{patient_id}", f"Patient record: {', '.join(parts)}.", None, STRUCTURED, source)


def is_patient_record(note: Note) -> bool:
    """Whether a note is the record of birth date and sex: no rule about days applies to it."""
    return note.kind == STRUCTURED and note.day is None and re.fullmatch(r"Patient/[^#]+", note.note_id) is not None
