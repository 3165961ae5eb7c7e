"""From an address to a database that is ready: SQLite by path, PostgreSQL by URL."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from winnow.core import WinnowError

WAIT = 60  # seconds a writer waits for another one
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_LOCK = 0x77696E6E6F77  # "winnow": the advisory lock that lets one writer at a time into a PostgreSQL database
_FORMS = "Give a file, sqlite:///file or postgresql://user@host/database."


def connect(address: str | Path, create: bool = True) -> tuple[Engine, str]:
    """An engine, and the place as it may be shown: without its password.

    Nothing is read yet, save that a SQLite file is made when missing and wanted: readable by its owner only, in a
    folder that, when it has to be made too, is the owner's only.

    Raises:
        WinnowError: WN-L07 when the address is none, when psycopg is missing, when the file cannot be made, or when
            there is none and none shall be made.
    """
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "").expanduser().absolute()
        if not create and not file.is_file():
            told = "Give --store, or begin one with `winnow trials import` or `winnow trials match`."
            raise WinnowError("WN-L07", "there is no store here", where=file, fix=told)
        _make_private(file)
        return _sqlite(file), str(file)
    shown = url.render_as_string(hide_password=True)
    if importlib.util.find_spec("psycopg") is None:
        raise WinnowError("WN-L07", "PostgreSQL needs psycopg", where=shown, fix="pip install 'winnow-lab[postgres]'")
    # hide_parameters: what SQLAlchemy tells of a failing statement must not quote notes.
    options: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
    return create_engine(url.set(drivername="postgresql+psycopg"), **options), shown


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other writer overlaps: the audit's chain has one head."""
    with engine.connect() as plain:
        connection = plain.execution_options(winnow_writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database."""
    with engine.connect() as plain:
        options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        connection = plain.execution_options(**options)
        with connection.begin():
            yield connection


def _url(address: str | Path) -> URL:
    if isinstance(address, Path) or "://" not in address:
        return _checked(URL.create("sqlite", database=os.fspath(address)))
    try:
        return _checked(make_url(address))
    except (ArgumentError, ValueError):
        # The address itself is not shown: what could not be taken apart may hold a password.
        raise WinnowError("WN-L07", "this is no address of a database", fix=_FORMS) from None


def _checked(url: URL) -> URL:
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise WinnowError("WN-L07", "a store needs a file", fix=_FORMS)
    if url.drivername == "sqlite" or url.drivername in _POSTGRES:
        return url
    raise WinnowError("WN-L07", f"{url.drivername} is neither SQLite nor PostgreSQL", fix=_FORMS)


def _make_private(file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        file.chmod(0o600)
    except OSError as error:
        reason = error.strerror or "not possible"
        fix = "Choose a place you may write to."
        raise WinnowError("WN-L07", f"the file cannot be made: {reason}", where=file, fix=fix) from None


def _sqlite(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)), hide_parameters=True, connect_args={"timeout": WAIT}
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(raw: Any, _record: Any) -> None:
    """Python's own transactions are switched off: they begin too late to keep two writers apart."""
    raw.isolation_level = None
    # secure_delete: the words of a patient who is forgotten are overwritten, not only unlinked.
    for setting in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        raw.execute(f"PRAGMA {setting}").close()
    _write_ahead(raw, time.monotonic() + WAIT)


def _write_ahead(raw: Any, end: float) -> None:
    """Switch to the write-ahead log. On a new file SQLite does not wait here for another process that does the same."""
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("winnow_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
