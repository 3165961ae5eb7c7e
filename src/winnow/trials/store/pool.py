"""Trials and the questions their criteria ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select, update

from winnow.core import WinnowError, digest
from winnow.trials.composition import Composed
from winnow.trials.composition.question import Question
from winnow.trials.registry import Trial
from winnow.trials.store import charts, documents
from winnow.trials.store.canonical import canonical
from winnow.trials.store.chain import Event
from winnow.trials.store.charts import Imported
from winnow.trials.store.origin import now
from winnow.trials.store.tables import ASKS, QUESTIONS, TRIALS


def put(connection: Connection, trials: Iterable[Trial], actor: str) -> tuple[Imported, list[Event]]:
    """Add trials; one that differs from what is stored becomes a new version."""
    fresh = {trial.trial_id: trial for trial in trials}
    newest = select(TRIALS.c.trial_id, func.max(TRIALS.c.version)).group_by(TRIALS.c.trial_id)
    versions = charts.pairs(connection, newest)
    held = select(TRIALS.c.trial_id, TRIALS.c.digest).where(TRIALS.c.current)
    stored = charts.pairs(connection, held)
    marks = {trial_id: digest(trial) for trial_id, trial in fresh.items()}
    differing = [trial_id for trial_id in fresh if stored.get(trial_id) != marks[trial_id]]
    if not differing:
        return Imported(unchanged=len(fresh)), []
    for trial_id in differing:
        connection.execute(update(TRIALS).where(TRIALS.c.trial_id == trial_id).values(current=False))
    at = now()
    rows = [
        {
            "trial_id": trial_id,
            "version": versions.get(trial_id, 0) + 1,
            "current": True,
            "digest": marks[trial_id],
            "document": canonical(fresh[trial_id]),
            "at": at,
        }
        for trial_id in differing
    ]
    connection.execute(TRIALS.insert(), rows)
    added = sum(trial_id not in stored for trial_id in differing)
    counts = Imported(added, len(differing) - added, 0, len(fresh) - len(differing))
    return counts, [Event("import", actor, {"trials": {trial_id: marks[trial_id] for trial_id in differing}})]


def find(connection: Connection, ids: Sequence[str] | None) -> list[Trial]:
    """The stored trials of these ids, or all, in order of id.

    Raises:
        WinnowError: WN-L03 when one is not stored.
    """
    query = select(TRIALS.c.document).where(TRIALS.c.current)
    if ids is not None:
        query = query.where(TRIALS.c.trial_id.in_(list(ids)))
    trials = [documents.trial_from(document) for document in connection.execute(query).scalars()]
    if missing := set(ids or ()) - {trial.trial_id for trial in trials}:
        raise WinnowError(
            "WN-L03", "the store holds no such trial", where=min(missing), fix="winnow trials import brings it in."
        )
    return sorted(trials, key=lambda trial: trial.trial_id)


def put_composed(connection: Connection, composed: Iterable[Composed]) -> None:
    """Note what is asked for which criterion."""
    questions: dict[str, Question] = {}
    links: dict[tuple[str, str], None] = {}
    for one in composed:
        for question in one.questions:
            questions[question.question_id] = question
            links[one.criterion.criterion_id, question.question_id] = None
    documents_of = ({"question_id": name, "document": canonical(q)} for name, q in questions.items())
    _insert_missing(connection, QUESTIONS, documents_of)
    _insert_missing(connection, ASKS, ({"criterion_id": c, "question_id": q} for c, q in links))


def questions(connection: Connection, ids: Sequence[str] | None) -> dict[str, Question]:
    """The questions by id."""
    query = select(QUESTIONS) if ids is None else select(QUESTIONS).where(QUESTIONS.c.question_id.in_(list(ids)))
    return {row.question_id: documents.question_from(row.document) for row in connection.execute(query)}


def asked_by(connection: Connection, criterion_id: str) -> list[str]:
    """Ids of the questions that were ever asked for a criterion."""
    query = select(ASKS.c.question_id).where(ASKS.c.criterion_id == criterion_id)
    return sorted(connection.execute(query).scalars())


def _insert_missing(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Only what is not there: transactions that write come one after another, so looking first is safe."""
    keys = list(table.primary_key)
    there = {tuple(row) for row in connection.execute(select(*keys))}
    if fresh := [row for row in rows if tuple(row[key.name] for key in keys) not in there]:
        connection.execute(table.insert(), fresh)
