"""What databases say, as coded errors without a word of a note.

A database quotes the failing row in its messages, so those are never passed on: neither in the text nor as the cause.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from winnow.core import WinnowError

_SQLITE = {
    "not a database": ("this file is no SQLite database", "Name another file."),
    "malformed": ("the SQLite file is damaged", "Restore it from a backup."),
    "locked": ("another process holds the database", "Wait for it to end, or use PostgreSQL for many writers."),
    "readonly": ("the file cannot be written", "Choose a place you may write to."),
    "unable to open": ("the file cannot be opened", "Choose a place you may write to."),
}
_SERVER = "Start the server, or mend host, port, user or password in the address."


@contextlib.contextmanager
def coded(place: str) -> Iterator[None]:
    """Turn errors of the database into WinnowError: WN-S01 on a full disk, else WN-L07.

    Args:
        place: the file or the address without its password.
    """
    try:
        yield
    except WinnowError as error:
        if error.code == "WN-L07" and error.where is None:
            raise WinnowError("WN-L07", error.what, where=place, fix=error.fix) from None
        raise
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _told(getattr(error, "orig", None) or error, place) from None


def _told(error: BaseException, place: str) -> WinnowError:
    if isinstance(error, sqlite3.Error):
        return _told_by_sqlite(error, place)
    state = getattr(error, "sqlstate", None)
    if type(error).__module__.startswith("psycopg") and state is None:
        # Without a state it is the connection's error, which names host and port but no data.
        first = (str(error).splitlines() or ["no reason given"])[0]
        return WinnowError("WN-L07", f"the server does not answer: {first}", where=place, fix=_SERVER)
    return WinnowError("WN-L07", f"the database refused: {type(error).__name__} {state or ''}".strip(), where=place)


def _told_by_sqlite(error: sqlite3.Error, place: str) -> WinnowError:
    said = str(error)
    if "disk is full" in said:
        return WinnowError("WN-S01", "no space left for the database", where=place, fix="Free some space; it resumes.")
    for mark, (what, fix) in _SQLITE.items():
        if mark in said:
            return WinnowError("WN-L07", what, where=place, fix=fix)
    name = getattr(error, "sqlite_errorname", None) or ""
    return WinnowError("WN-L07", f"the database refused: {type(error).__name__} {name}".strip(), where=place)
