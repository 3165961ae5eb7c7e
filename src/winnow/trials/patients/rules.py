"""Which notes may be used on a day, and why the others may not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from winnow.core import WinnowError
from winnow.trials.patients.draft import is_patient_record
from winnow.trials.patients.duplicates import earlier_copies
from winnow.trials.patients.patient import STRUCTURED, Note, Patient

BEFORE_END = "#start"


@dataclass(frozen=True)
class NoteRules:
    """The rule filter in front of everything else; PRISM names one without its rules, so these are ours.

    Attributes:
        kinds: only notes of these kinds; None allows all. The patient record (age, sex) always passes.
        without: no notes of these kinds.
        drop_duplicates: of notes with the same words (white space apart) only the latest stays.
        near_duplicates: of notes of at least 50 words whose 5-word shingles have this Jaccard similarity or more, only
            the latest stays; None turns it off. One-line structured records are never near duplicates: they differ in
            a date or a number, which is the point.
        undated: "keep" notes without a day and name them in `Selected.undated`, or "drop" them. Only "drop" makes sure
            that nothing from after the as-of day is used.
        since: no notes from before this day.
    """

    kinds: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    drop_duplicates: bool = True
    near_duplicates: float | None = 0.95
    undated: Literal["keep", "drop"] = "keep"
    since: date | None = None

    def __post_init__(self) -> None:
        if self.near_duplicates is not None and not 0 < self.near_duplicates <= 1:
            raise WinnowError("WN-C01", "a similarity lies over 0 and up to 1", where="near_duplicates")
        if self.undated not in ("keep", "drop"):
            raise WinnowError("WN-C01", 'undated notes are "keep" or "drop"', where="undated")


@dataclass(frozen=True)
class LeftOut:
    """A note that may not be used, and the rule that says so."""

    note_id: str
    reason: str


@dataclass(frozen=True)
class Selected:
    """What the rules left.

    Attributes:
        notes: in the patient's order.
        left_out: every other note, each once.
        undated: ids of the kept notes that have no day: whether they were written by the as-of day is not known.
    """

    notes: tuple[Note, ...]
    left_out: tuple[LeftOut, ...]
    undated: tuple[str, ...] = ()


def select_notes(patient: Patient, as_of: date | None = None, rules: NoteRules | None = None) -> Selected:
    """The notes that may be used on a day: a note of that day is kept, a later one never.

    Duplicates are sought among the notes that passed the other rules, so a later copy never hides an earlier note.

    Args:
        as_of: None sets no limit.
        rules: None takes `NoteRules()`.
    """
    own = rules or NoteRules()
    reasons = {note.note_id: reason for note in patient.notes if (reason := _against(note, as_of, own))}
    for find in (_superseded, _copies):
        reasons |= find([note for note in patient.notes if note.note_id not in reasons], own)
    kept = tuple(note for note in patient.notes if note.note_id not in reasons)
    left = tuple(LeftOut(note.note_id, reasons[note.note_id]) for note in patient.notes if note.note_id in reasons)
    undated = tuple(note.note_id for note in kept if note.day is None and not is_patient_record(note))
    return Selected(kept, left, undated)


def _against(note: Note, as_of: date | None, rules: NoteRules) -> str | None:
    """Why a note may not be used, seen alone; None when it may."""
    if is_patient_record(note):
        return None
    if note.day is None and rules.undated == "drop":
        return "no date"
    if note.day and as_of and note.day > as_of:
        return f"later than {as_of}"
    if note.day and rules.since and note.day < rules.since:
        return f"before {rules.since}"
    if rules.kinds is not None and note.kind not in rules.kinds:
        return f"kind {note.kind} is not among those allowed"
    return f"kind {note.kind} is left out" if note.kind in rules.without else None


def _superseded(notes: Iterable[Note], _: NoteRules) -> dict[str, str]:
    """Records as they stood before their end, where the record with its end may be used too."""
    ids = {note.note_id for note in notes if note.kind == STRUCTURED}
    whole = {own: own.removesuffix(BEFORE_END) for own in ids if own.endswith(BEFORE_END)}
    return {own: f"superseded by {other}" for own, other in whole.items() if other in ids}


def _copies(notes: list[Note], rules: NoteRules) -> dict[str, str]:
    threshold = rules.near_duplicates
    return earlier_copies(notes, exact=rules.drop_duplicates, threshold=threshold)
