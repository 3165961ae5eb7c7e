"""Answers, kept under what they depend on: patient, question, engine and evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from winnow.trials.answering import Answer
from winnow.trials.patients import Patient
from winnow.trials.store import charts, documents
from winnow.trials.store.canonical import canonical
from winnow.trials.store.chain import Event
from winnow.trials.store.origin import now
from winnow.trials.store.tables import ANSWERS

_FEW = 200  # more keys than these are picked here from all that the patient has: databases are slow at long lists
UNSETTLED = ("error", "not evaluated")


class Key(NamedTuple):
    """What an answer of one patient by one engine is found by.

    Attributes:
        question_id: the question's.
        evidence: digest of everything else the answer depends on: the passages, their dates, the as-of day, and, for
            an engine that reads it, the criterion.
    """

    question_id: str
    evidence: str


@dataclass(frozen=True)
class Given:
    """An answer as it is stored.

    Attributes:
        patient_id: whose.
        evidence: as in `Key`.
        answer: the answer.
        notes: digest of the text of each quoted note, by the note's id: its quotes stay resolvable when notes change.
        prompt: SHA-256 of the prompt, for a language model.
        raw: SHA-256 of the model's raw answer.
    """

    patient_id: str
    evidence: str
    answer: Answer
    notes: Mapping[str, str] = field(default_factory=dict)
    prompt: str | None = None
    raw: str | None = None

    @property
    def key(self) -> Key:
        """Its key."""
        return Key(self.answer.question_id, self.evidence)


def given(patient: Patient, evidence: str, answer: Answer, prompt: str | None = None, raw: str | None = None) -> Given:
    """An answer about this patient, with the digests of the notes it quotes."""
    notes = {quote.note_id: patient.note(quote.note_id).digest for quote in answer.quotes}
    return Given(patient.patient_id, evidence, answer, notes, prompt, raw)


def put(connection: Connection, run_id: str, engine: str, as_of: date | None, answers: Sequence[Given]) -> list[Event]:
    """Store answers; one that is stored already is left as it is, one that differs takes its place.

    Returns: an event for each answer that was new or differed.

    Raises:
        WinnowError: WN-L03 for an unknown patient.
    """
    fresh = {(one.patient_id, one.key): one for one in answers}
    charts.require(connection, {patient_id for patient_id, _ in fresh})
    rows, events = [], []
    for patient_id in dict.fromkeys(patient for patient, _ in fresh):
        own = {key: one for (patient, key), one in fresh.items() if patient == patient_id}
        stored = dict(_documents(connection, patient_id, engine, list(own)))
        changed = {key: one for key, one in own.items() if stored.get(key) != canonical(one.answer)}
        _remove(connection, patient_id, engine, stored.keys() & changed.keys())
        rows += [_row(one, run_id, engine, as_of) for one in changed.values()]
        events += [_event(one, run_id, engine, as_of) for one in changed.values()]
    if rows:
        connection.execute(ANSWERS.insert(), rows)
    return events


def find(
    connection: Connection, patient_id: str, engine: str, keys: Iterable[Key], unsettled: bool
) -> dict[Key, Answer]:
    """The stored answers among these keys; errors and what was not evaluated only with `unsettled`."""
    rows = _documents(connection, patient_id, engine, list(keys))
    answers = {key: documents.answer_from(document) for key, document in rows}
    return {key: answer for key, answer in answers.items() if unsettled or answer.status not in UNSETTLED}


def _documents(connection: Connection, patient_id: str, engine: str, keys: Sequence[Key]) -> Iterator[tuple[Key, str]]:
    wanted = set(keys)
    columns = (ANSWERS.c.question_id, ANSWERS.c.evidence, ANSWERS.c.document)
    query = select(*columns).where(ANSWERS.c.patient_id == patient_id, ANSWERS.c.engine == engine)
    if len(wanted) <= _FEW:
        query = query.where(ANSWERS.c.question_id.in_(sorted({key.question_id for key in wanted})))
    for question_id, evidence, document in connection.execute(query):
        if (key := Key(question_id, evidence)) in wanted:
            yield key, document


def _remove(connection: Connection, patient_id: str, engine: str, keys: Iterable[Key]) -> None:
    for key in keys:
        connection.execute(
            delete(ANSWERS).where(
                ANSWERS.c.patient_id == patient_id,
                ANSWERS.c.engine == engine,
                ANSWERS.c.question_id == key.question_id,
                ANSWERS.c.evidence == key.evidence,
            )
        )


def _row(one: Given, run_id: str, engine: str, as_of: date | None) -> dict[str, Any]:
    return {
        "patient_id": one.patient_id,
        "question_id": one.answer.question_id,
        "engine": engine,
        "evidence": one.evidence,
        "as_of": as_of,
        "document": canonical(one.answer),
        "notes": canonical(one.notes),
        "run_id": run_id,
        "at": now(),
    }


def _event(one: Given, run_id: str, engine: str, as_of: date | None) -> Event:
    """What was answered from where, without the words: reasoning and quotes are named by their digests."""
    answer = one.answer
    quotes = [
        {"note": q.note_id, "digest": one.notes.get(q.note_id), "start": q.start, "end": q.end, "words": _sha(q.text)}
        for q in answer.quotes
    ]
    facts = {
        "as_of": documents.day_text(as_of),
        "evidence": one.evidence,
        "value": answer.value,
        "status": answer.status,
        "probability": answer.probability,
        "by": answer.by,
        "flags": list(answer.flags),
        "quotes": quotes,
        "answer": _sha(canonical(answer)),
        "prompt": one.prompt,
        "raw": one.raw,
    }
    who = one.patient_id
    return Event("answer", engine, facts, run_id=run_id, patient_id=who, question_id=answer.question_id)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
