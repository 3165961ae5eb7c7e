"""Fictional charts, trials and answers for the tests of the store. SYNTHETIC: nobody's data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import create_engine, make_url

from winnow.trials.answering import Answer, Quote, Tokens
from winnow.trials.patients import Note, Patient, Unread
from winnow.trials.registry import Trial
from winnow.trials.store import Given, Key, Store, given

ENGINE = "test engine 1 (threshold 0.66)"
SECRET = "zebrafish gastrectomy"  # words that must stay out of audit, errors and logs
NOTE = Note("n1", f"SYNTHETIC. Seen after {SECRET}.\0 ECOG 1 \\0 µg é 肺\n", date(2024, 3, 1), "clinical", "a.txt")
LATER = Note("n2", "SYNTHETIC. EGFR mutation found.", date(2024, 5, 1), "pathology", "b.txt")
PATIENT = Patient("P-1", (NOTE, LATER), date(1961, 2, 3), "female", (Unread("c.pdf", "no text"),))
OTHER = Patient("P-2", (Note("n1", "SYNTHETIC. Well.", None),))
TRIAL = Trial(
    "FICT9001", "A fictional trial", "Inclusion Criteria:\n* Adults", phases=("PHASE2",), minimum_age=0.5, status=None
)


def answer(number: int = 1, value: str = "yes", status: str = "answered", note: Note = NOTE) -> Answer:
    start = note.text.index("SYNTHETIC") + 11
    quotes = (Quote(note.note_id, start, start + 12, note.text[start : start + 12]),)
    told = {"reasoning": "Because.", "by": "rule:test", "flags": ("conflict",), "tokens": Tokens(3, 4, 1)}
    return Answer(f"{number:016x}", value, status, 0.1 + 0.2, quotes, **told)


def batch(numbers: Sequence[int], evidence: str = "e1", patient: Patient = PATIENT) -> list[Given]:
    return [given(patient, evidence, answer(number)) for number in numbers]


def keys(numbers: Sequence[int], evidence: str = "e1") -> list[Key]:
    return [Key(f"{number:016x}", evidence) for number in numbers]


def begin(store: Store, kind: str = "match", follows: str | None = None) -> str:
    """The patients, the trial and a run."""
    store.put_patients([PATIENT, OTHER])
    store.put_trials([TRIAL])
    inputs, versions = {"notes": "d" * 64}, {"winnow": "0.1"}
    options = {"policy": {"met": 0.66}, "inputs": inputs, "versions": versions}
    return store.start_run(ENGINE, date(2024, 6, 1), kind=kind, follows=follows, **options)


def tamper(address: str, *statements: str) -> None:
    """Run SQL beside the store, as somebody with the database's password would."""
    if "://" not in address:
        engine = create_engine(f"sqlite:///{address}")
    else:
        engine = create_engine(make_url(address).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def unguarded(address: str) -> list[str]:
    """SQL that takes the audit's triggers away."""
    if "://" in address:
        return ["ALTER TABLE winnow_audit DISABLE TRIGGER ALL"]
    return [f"DROP TRIGGER winnow_audit_{name}" for name in ("no_update", "no_delete", "next_only")]
