"""The audit: events in a row, each holding SHA-256 over the one before it and itself.

No word of a note goes in: evidence is a note's id and digest, offsets, and the quote's digest. The digest of a few
words can be guessed by trying, and patients' ids are in it: keep the audit as you keep the notes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from winnow.trials.store.canonical import canonical
from winnow.trials.store.origin import now
from winnow.trials.store.tables import AUDIT

START = "0" * 64
_LINKS = ("kind", "run_id", "patient_id", "trial_id", "criterion_id", "question_id")


@dataclass(frozen=True)
class Event:
    """Who did what, when.

    Attributes:
        kind: "import", "run started", "run finished", "answer", "review", "forget", or the caller's own.
        actor: the engine for an answer, the reviewer for a review, else who started Winnow.
        facts: what happened, as plain data.
        run_id, patient_id, trial_id, criterion_id, question_id: what it is about; None for what does not apply.
        at: ISO 8601 in UTC; set when it is stored.
        position: 1 for the first event; 0 before it is stored.
    """

    kind: str
    actor: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    patient_id: str | None = None
    trial_id: str | None = None
    criterion_id: str | None = None
    question_id: str | None = None
    at: str = ""
    position: int = 0


@dataclass(frozen=True)
class Head:
    """The last event of the chain: kept outside the database, it shows that nothing before it was changed or cut."""

    position: int
    hash: str


def append(connection: Connection, events: Iterable[Event]) -> Head:
    """Put events behind the head; the transaction must be a writing one. Returns the new head."""
    last, at, rows = head(connection), now(), []
    for event in events:
        position = last.position + 1
        document = canonical(dataclasses.replace(event, at=at, position=position))
        row = {"position": position, "event": document, "previous": last.hash, "hash": link(last.hash, document)}
        rows.append({**row, **{name: getattr(event, name) for name in _LINKS}})
        last = Head(position, row["hash"])
    if rows:
        connection.execute(AUDIT.insert(), rows)
    return last


def head(connection: Connection) -> Head:
    """The last event's position and hash; position 0 and 64 zeros for an empty audit."""
    newest = select(AUDIT.c.position, AUDIT.c.hash).order_by(AUDIT.c.position.desc()).limit(1)
    row = connection.execute(newest).first()
    return Head(row.position, row.hash) if row else Head(0, START)


def link(previous: str, document: str) -> str:
    """SHA-256 of the previous hash, a line feed and the event's canonical JSON: 64 hexadecimal digits."""
    return hashlib.sha256(f"{previous}\n{document}".encode()).hexdigest()


def first_broken(connection: Connection, marks: Iterable[Head] = ()) -> int | None:
    """The first position that is missing, altered or other than a mark says; None when the chain is whole.

    Args:
        connection: any transaction.
        marks: heads noted earlier: the chain must run through each.
    """
    with closing(_rows(connection)) as rows:
        return _first_broken((row if _links_agree(row) else None for row in rows), marks)


def events(connection: Connection, *conditions: Any) -> list[Event]:
    """The events that meet every condition, in order."""
    query = select(AUDIT.c.event).where(*conditions).order_by(AUDIT.c.position)
    return [Event(**json.loads(document)) for document in connection.execute(query).scalars()]


def lines(connection: Connection) -> Generator[str, None, None]:
    """The whole audit, a JSON object an event: position, previous, hash and the event as it was hashed."""
    for row in _rows(connection):
        facts = {"position": row.position, "previous": row.previous, "hash": row.hash, "event": json.loads(row.event)}
        yield canonical(facts)


def first_broken_line(exported: Iterable[str], marks: Iterable[Head] = ()) -> int | None:
    """As `first_broken`, of exported lines: needs no database, only SHA-256."""
    return _first_broken((_row_of(line) for line in exported), marks)


class _Line(NamedTuple):
    """A row of the chain as it was exported."""

    position: int
    previous: str
    hash: str
    event: str


def _first_broken(rows: Iterable[Any], marks: Iterable[Head]) -> int | None:
    wanted = {mark.position: mark.hash for mark in marks if mark.position}
    last = Head(0, START)
    for row in rows:
        position = last.position + 1
        if row is None or (row.position, row.previous, row.hash) != (position, last.hash, link(last.hash, row.event)):
            return position
        if wanted.pop(position, row.hash) != row.hash:
            return position
        last = Head(position, row.hash)
    return last.position + 1 if wanted else None


def _row_of(line: str) -> _Line | None:
    try:
        raw = json.loads(line)
        return _Line(raw["position"], raw["previous"], raw["hash"], canonical(raw["event"]))
    except (KeyError, TypeError, ValueError):
        return None


def _rows(connection: Connection) -> Generator[Row[Any], None, None]:
    query = select(AUDIT).order_by(AUDIT.c.position)
    with connection.execute(query.execution_options(yield_per=1000)) as result:
        yield from result


def _links_agree(row: Row[Any]) -> bool:
    """The columns that history is searched by say what the hashed event says."""
    try:
        told = json.loads(row.event)
        return told["position"] == row.position and all(told[name] == getattr(row, name) for name in _LINKS)
    except (KeyError, TypeError, ValueError):
        return False
