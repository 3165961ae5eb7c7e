"""Triggers that make the audit append-only in the database itself, whatever program writes to it.

They refuse UPDATE, DELETE, TRUNCATE, and a row that is not the next one on the head of the chain; the last also stops
SQLite's INSERT OR REPLACE, which deletes without firing DELETE triggers. Who owns the database can drop them: that is
what the hash chain is for.
"""

from __future__ import annotations

_MESSAGE = "the audit is append-only"
_HEAD = "(SELECT hash FROM winnow_audit ORDER BY position DESC LIMIT 1)"
_NEXT = "(SELECT coalesce(max(position), 0) + 1 FROM winnow_audit)"
_START = "0" * 64
_MISFIT = f"NEW.position <> {_NEXT} OR NEW.previous <> coalesce({_HEAD}, '{_START}')"
# Its primary key refuses a position that is taken, so PostgreSQL need only look at the one before.
_BEFORE = "(SELECT hash FROM winnow_audit WHERE position = NEW.position - 1)"
_ORPHAN = f"NEW.previous IS DISTINCT FROM CASE NEW.position WHEN 1 THEN '{_START}' ELSE {_BEFORE} END"


def _sqlite(name: str, event: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER winnow_audit_{name} BEFORE {event} ON winnow_audit {when} "
        f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    )


SQLITE = (
    _sqlite("no_update", "UPDATE"),
    _sqlite("no_delete", "DELETE"),
    _sqlite("next_only", "INSERT", f"WHEN {_MISFIT}"),
)

POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION winnow_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{_MESSAGE}'; END $$""",
    f"""CREATE OR REPLACE FUNCTION winnow_audit_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF ({_ORPHAN}) THEN RAISE EXCEPTION '{_MESSAGE}'; END IF; RETURN NEW; END $$""",
    """CREATE TRIGGER winnow_audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON winnow_audit
    FOR EACH STATEMENT EXECUTE FUNCTION winnow_audit_refuse()""",
    """CREATE TRIGGER winnow_audit_next_only BEFORE INSERT ON winnow_audit
    FOR EACH ROW EXECUTE FUNCTION winnow_audit_next()""",
)

GUARDS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
