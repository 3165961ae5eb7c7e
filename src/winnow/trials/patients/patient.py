"""What a patient is here: dated notes with their original text, and a list of what was not understood."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property

STRUCTURED = "structured"


@dataclass(frozen=True)
class Note:
    """One document of a chart. Every offset anywhere in Winnow counts characters of `text`, which is never changed.

    A structured record (a FHIR Condition, an Observation) is a note of one line too, of the kind "structured": so that
    whatever an answer rests on can be quoted in the same way.

    Attributes:
        note_id: unique within its patient.
        text: the document as it came.
        day: when it was written; None when unknown.
        kind: "clinical", "pathology", "imaging", "sequencing", "laboratory", "structured", "unknown" or the source's
            own.
        source: the file's name or the FHIR resource it was read from; never a whole path.
    """

    note_id: str
    text: str
    day: date | None = None
    kind: str = "unknown"
    source: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Unread:
    """Something in the input that was not understood: where, and why. It never holds a note's words."""

    source: str
    reason: str


@dataclass(frozen=True)
class Patient:
    """A chart.

    Attributes:
        patient_id: as its source names the patient.
        notes: in order of day; undated ones first.
        born: date of birth; None when unknown.
        sex: administrative sex in lower case ("female", "male", "other"); None when unknown.
        unread: what was not understood while reading.
    """

    patient_id: str
    notes: tuple[Note, ...]
    born: date | None = None
    sex: str | None = None
    unread: tuple[Unread, ...] = ()

    def note(self, note_id: str) -> Note:
        """The note of this id; KeyError when there is none."""
        return self._by_id[note_id]

    @cached_property
    def _by_id(self) -> dict[str, Note]:
        return {note.note_id: note for note in self.notes}
