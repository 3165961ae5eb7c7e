"""Every table of the store, for SQLite and PostgreSQL alike.

Times are ISO 8601 text in UTC and documents are canonical JSON text, so that both databases hold the same bytes and
digests can be taken over them.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, MetaData, String, Table, Text, TypeDecorator

METADATA = MetaData()


class Words(TypeDecorator[str]):
    """A note's text. PostgreSQL's text holds no NUL character, and offsets need it kept: it is written as `\\0`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        """The text as the database holds it."""
        return None if value is None else value.replace("\\", "\\\\").replace("\0", "\\0")

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        """The text as it came."""
        return None if value is None else re.sub(r"\\([0\\])", lambda found: found[1].replace("0", "\0"), value)


SCHEMA = Table("winnow_schema", METADATA, Column("version", Integer, primary_key=True), Column("at", String(40)))

PATIENTS = Table(
    "winnow_patients",
    METADATA,
    Column("patient_id", Text, primary_key=True),
    Column("born", Date),
    Column("sex", Text),
    Column("unread", Text, nullable=False),
    Column("at", String(40), nullable=False),
)

_PATIENT = "winnow_patients.patient_id"

# A changed note is a new version; older ones stay, because older answers quote them.
NOTES = Table(
    "winnow_notes",
    METADATA,
    Column("patient_id", Text, ForeignKey(_PATIENT), primary_key=True),
    Column("note_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("current", Boolean, nullable=False),
    Column("place", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("text", Words, nullable=False),
    Column("day", Date),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", String(40), nullable=False),
)

TRIALS = Table(
    "winnow_trials",
    METADATA,
    Column("trial_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("current", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("at", String(40), nullable=False),
)

QUESTIONS = Table(
    "winnow_questions",
    METADATA,
    Column("question_id", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

# Which questions decide which criterion: what the history of a criterion is found by.
ASKS = Table(
    "winnow_asks",
    METADATA,
    Column("criterion_id", Text, primary_key=True),
    Column("question_id", Text, primary_key=True),
)

ANSWERS = Table(
    "winnow_answers",
    METADATA,
    Column("patient_id", Text, ForeignKey(_PATIENT), primary_key=True),
    Column("engine", Text, primary_key=True),
    Column("question_id", Text, primary_key=True),
    Column("evidence", Text, primary_key=True),
    Column("as_of", Date),
    Column("document", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("run_id", Text),
    Column("at", String(40), nullable=False),
)

RUNS = Table(
    "winnow_runs",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("as_of", Date),
    Column("operator", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("follows", Text),
    Column("started", String(40), nullable=False),
    Column("finished", String(40)),
    Column("outcome", Text),
    Column("head_position", Integer),
    Column("head_hash", String(64)),
)

SNAPSHOTS = Table(
    "winnow_snapshots",
    METADATA,
    Column("run_id", Text, ForeignKey("winnow_runs.run_id"), primary_key=True),
    Column("patient_id", Text, ForeignKey(_PATIENT), primary_key=True),
    Column("trial_id", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Index("winnow_snapshots_of_patient", "patient_id", "trial_id"),
)

REVIEWS = Table(
    "winnow_reviews",
    METADATA,
    Column("review_id", String(64), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("patient_id", Text, ForeignKey(_PATIENT), nullable=False),
    Column("trial_id", Text, nullable=False),
    Column("criterion_id", Text),
    Column("document", Text, nullable=False),
    Index("winnow_reviews_of_patient", "patient_id", "trial_id"),
)

# Append-only (guards.py) and hash-chained (chain.py).
AUDIT = Table(
    "winnow_audit",
    METADATA,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("run_id", Text),
    Column("patient_id", Text),
    Column("trial_id", Text),
    Column("criterion_id", Text),
    Column("question_id", Text),
    Column("event", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("winnow_audit_of_patient", "patient_id", "question_id"),
)
