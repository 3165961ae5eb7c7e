"""Runs, and what each said of every pair of patient and trial: what a re-screening is compared with."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from winnow.core import WinnowError
from winnow.trials.store import charts
from winnow.trials.store.canonical import canonical
from winnow.trials.store.chain import Head
from winnow.trials.store.origin import now
from winnow.trials.store.tables import RUNS, SNAPSHOTS


@dataclass(frozen=True)
class Run:
    """One run of the pipeline.

    Attributes:
        run_id: its name.
        kind: "match" or "rescreen".
        engine: the engine's name.
        as_of: the day it looked from; None for each chart's last.
        operator: who started it.
        details: policy, inputs (digests by name) and versions, as they were given.
        follows: the run that a re-screening is compared with.
        started, finished: ISO 8601 in UTC; `finished` is None while it runs and after a kill.
        outcome: "finished" or why it ended.
    """

    run_id: str
    kind: str
    engine: str
    as_of: date | None
    operator: str
    details: Mapping[str, Any]
    follows: str | None
    started: str
    finished: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """What a run said of one pair: verdicts and scores as plain data, in the matching room's own shape."""

    patient_id: str
    trial_id: str
    result: Mapping[str, Any] = field(default_factory=dict)
    run_id: str = ""


def start(connection: Connection, run: Run) -> Run:
    """Store a run under a new id."""
    number = (connection.execute(select(func.max(RUNS.c.number))).scalar() or 0) + 1
    run_id, started = uuid.uuid4().hex, now()
    row = {"kind": run.kind, "engine": run.engine, "as_of": run.as_of, "operator": run.operator}
    more = {"details": canonical(run.details), "follows": run.follows, "started": started}
    connection.execute(RUNS.insert().values(run_id=run_id, number=number, **row, **more))
    return Run(run_id, run.kind, run.engine, run.as_of, run.operator, run.details, run.follows, started)


def finish(connection: Connection, run_id: str, outcome: str, head: Head) -> None:
    """Mark a run as ended, with the audit's head at that moment."""
    values = {"finished": now(), "outcome": outcome, "head_position": head.position, "head_hash": head.hash}
    connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))


def find(connection: Connection, run_id: str | None = None) -> list[Run]:
    """All runs, oldest first, or the one of this id.

    Raises:
        WinnowError: WN-L03 when there is none of this id.
    """
    query = select(RUNS).order_by(RUNS.c.number)
    rows = connection.execute(query if run_id is None else query.where(RUNS.c.run_id == run_id)).all()
    if run_id is not None and not rows:
        raise WinnowError("WN-L03", "the store holds no such run", where=run_id)
    return [_run(row) for row in rows]


def heads(connection: Connection) -> list[Head]:
    """The audit's head at the end of each run."""
    query = select(RUNS.c.head_position, RUNS.c.head_hash).where(RUNS.c.head_position.is_not(None))
    return [Head(row.head_position, row.head_hash) for row in connection.execute(query)]


def put_snapshots(connection: Connection, run_id: str, snapshots: Iterable[Snapshot]) -> None:
    """Store what a run says; said again of the same pair, the later one counts."""
    rows = {
        (one.patient_id, one.trial_id): {
            "run_id": run_id,
            "patient_id": one.patient_id,
            "trial_id": one.trial_id,
            "document": canonical(one.result),
        }
        for one in snapshots
    }
    charts.require(connection, {patient_id for patient_id, _ in rows})
    own = SNAPSHOTS.c.run_id == run_id
    for patient_id, trial_id in rows:
        pair = (SNAPSHOTS.c.patient_id == patient_id, SNAPSHOTS.c.trial_id == trial_id)
        connection.execute(delete(SNAPSHOTS).where(own, *pair))
    if rows:
        connection.execute(SNAPSHOTS.insert(), list(rows.values()))


def snapshots(connection: Connection, run_id: str | None, patient_id: str | None) -> list[Snapshot]:
    """In order of run, patient and trial."""
    query = select(SNAPSHOTS, RUNS.c.number).join(RUNS, RUNS.c.run_id == SNAPSHOTS.c.run_id)
    if run_id is not None:
        query = query.where(SNAPSHOTS.c.run_id == run_id)
    if patient_id is not None:
        query = query.where(SNAPSHOTS.c.patient_id == patient_id)
    rows = sorted(connection.execute(query), key=lambda row: (row.number, row.patient_id, row.trial_id))
    return [Snapshot(row.patient_id, row.trial_id, json.loads(row.document), row.run_id) for row in rows]


def _run(row: Row[Any]) -> Run:
    told = {name: getattr(row, name) for name in ("run_id", "kind", "engine", "as_of", "operator", "follows")}
    times = {name: getattr(row, name) for name in ("started", "finished", "outcome")}
    return Run(details=json.loads(row.details), **told, **times)
