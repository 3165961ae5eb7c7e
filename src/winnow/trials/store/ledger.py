"""The database with its audit: what every part of the store is written through."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, or_

from winnow.core import WinnowError
from winnow.storage.atomic import replacing
from winnow.trials.store import address, chain, pool, runs
from winnow.trials.store.chain import Event, Head
from winnow.trials.store.failures import coded
from winnow.trials.store.tables import AUDIT


class Ledger:
    """A database and its audit. Writers come one after another, also of different processes.

    Attributes:
        place: the file, or the address without its password.
        operator: who is at work.
    """

    def __init__(self, engine: Engine, place: str, operator: str) -> None:
        self.place = place
        self.operator = operator
        self._engine = engine

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def add_event(
        self, kind: str, facts: Mapping[str, Any], *, run_id: str | None = None, patient_id: str | None = None
    ) -> Head:
        """Write an event of the caller's own to the audit ("endpoint", "export"). No words of notes go in.

        Args:
            kind: what kind of event.
            facts: plain data.
            run_id, patient_id: what it is about.
        """
        with self._writing() as connection:
            return chain.append(connection, [Event(kind, self.operator, facts, run_id, patient_id)])

    def audit_head(self) -> Head:
        """The last event's position and hash: kept elsewhere, it proves later that nothing up to here was altered."""
        with self._reading() as connection:
            return chain.head(connection)

    def audit_events(self, kind: str | None = None, run_id: str | None = None) -> list[Event]:
        """The events of a kind or a run, or all, in order."""
        wanted = {AUDIT.c.kind: kind, AUDIT.c.run_id: run_id}
        with self._reading() as connection:
            return chain.events(connection, *(column == value for column, value in wanted.items() if value is not None))

    def verify_audit(self, expected_head: Head | None = None) -> int | None:
        """The first position of the audit that is missing or altered; None when it is whole.

        The chain must run through the heads that `finish_run` noted, and through `expected_head`. Without one kept
        elsewhere, somebody who may write to every table can cut the tail or forge the whole.
        """
        with self._reading() as connection:
            marks = [*runs.heads(connection), *([expected_head] if expected_head else [])]
            return chain.first_broken(connection, marks)

    def export_audit(self, path: Path | str) -> Head:
        """Write the audit as JSON lines, readable by its owner only. Returns the head of what was written.

        Raises:
            WinnowError: WN-S01, WN-S02 when it cannot be written.
        """
        with self._reading() as connection, replacing(path) as part:
            private = os.open(part, os.O_WRONLY | os.O_CREAT, 0o600)
            with (
                os.fdopen(private, "w", encoding="utf-8") as file,
                contextlib.closing(chain.lines(connection)) as lines,
            ):
                file.writelines(line + "\n" for line in lines)
            return chain.head(connection)

    def history(
        self, patient_id: str, *, criterion_id: str | None = None, question_id: str | None = None
    ) -> list[Event]:
        """Who did what and when about one criterion or question of a patient, in order.

        For a criterion: the answers to every question it was ever composed of, its reviews and those of its trial as
        a whole; with either, the start and end of each run that took part.
        """
        with self._reading() as connection:
            about = _about(connection, criterion_id, question_id)
            found = chain.events(connection, AUDIT.c.patient_id == patient_id, about)
            took_part = {event.run_id for event in found if event.run_id}
            spans = chain.events(
                connection, AUDIT.c.run_id.in_(took_part), AUDIT.c.kind.in_(["run started", "run finished"])
            )
        return sorted([*found, *spans], key=lambda event: event.position)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with coded(self.place), address.writing(self._engine) as connection:
            yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with coded(self.place), address.reading(self._engine) as connection:
            yield connection


def verify_export(path: Path | str, expected_head: Head | None = None) -> int | None:
    """As `Ledger.verify_audit`, of an exported file: no database is needed.

    Raises:
        WinnowError: WN-L07 when the file cannot be read.
    """
    try:
        with Path(path).open(encoding="utf-8") as lines:
            return chain.first_broken_line(lines, [expected_head] if expected_head else [])
    except (OSError, UnicodeDecodeError):
        raise WinnowError("WN-L07", "this exported audit cannot be read", where=path) from None


def _about(connection: Connection, criterion_id: str | None, question_id: str | None) -> Any:
    parts: list[Any] = []
    if question_id is not None:
        parts.append(AUDIT.c.question_id == question_id)
    if criterion_id is not None:
        asked: Iterable[str] = pool.asked_by(connection, criterion_id)
        whole_trial = (AUDIT.c.trial_id == criterion_id.split("/")[0]) & AUDIT.c.criterion_id.is_(None)
        parts += [AUDIT.c.question_id.in_(list(asked)), AUDIT.c.criterion_id == criterion_id, whole_trial]
    return or_(*parts) if parts else AUDIT.c.patient_id.is_not(None)
