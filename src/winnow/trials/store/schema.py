"""The version of the tables: made when missing, brought up to date when older, refused when newer."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, func, inspect, select

from winnow.core import WinnowError
from winnow.trials.store.guards import GUARDS
from winnow.trials.store.origin import now
from winnow.trials.store.tables import METADATA, SCHEMA

VERSION = 1

# UPGRADES[n] brings the tables from n - 1 to n. It looks before it alters, so that one that was cut short can be
# run again, and it never drops what it does not know.
UPGRADES: dict[int, Callable[[Connection], None]] = {}


def prepare(connection: Connection) -> None:
    """Make or upgrade the tables, inside one writing transaction.

    Raises:
        WinnowError: WN-L07 when the tables were made by a newer Winnow, or by another program.
    """
    found = _version(connection)
    if found is None:
        _refuse_foreign(connection)
        METADATA.create_all(connection)
        for statement in GUARDS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        _record(connection, VERSION)
        return
    if found > VERSION:
        raise WinnowError(
            "WN-L07",
            f"its tables are of version {found}, this Winnow knows versions up to {VERSION}",
            fix="Use the Winnow that made it, or a newer one: pip install -U winnow-lab.",
        )
    for version in range(found + 1, VERSION + 1):
        UPGRADES[version](connection)
        _record(connection, version)


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(SCHEMA.name):
        return None
    return connection.execute(select(func.max(SCHEMA.c.version))).scalar()


def _record(connection: Connection, version: int) -> None:
    connection.execute(SCHEMA.insert().values(version=version, at=now()))


def _refuse_foreign(connection: Connection) -> None:
    """A PostgreSQL database may be shared; a SQLite file with other tables is somebody else's."""
    if connection.dialect.name == "sqlite" and inspect(connection).get_table_names():
        raise WinnowError("WN-L07", "this database belongs to another program", fix="Name a file of its own.")
