"""Where a store may be, what is refused, and what its files and messages give away."""

from __future__ import annotations

import importlib.util
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

import store_cases as cases
from store_cases import tamper
from winnow.core import WinnowError
from winnow.trials.store import Store, open_store, schema
from winnow.trials.store import address as addresses

pytest_plugins = ("store_places",)


def told(address: str | Path) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        open_store(address)
    assert caught.value.__cause__ is None  # a cause would be printed with what the database quotes
    return caught.value


def test_a_file_and_its_folder_are_the_owner_s_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "winnow.db"
    with open_store(file) as store:
        cases.begin(store)
        for made in file.parent.iterdir():
            assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_store_that_is_only_to_be_read_is_not_made(tmp_path: Path, form: str) -> None:
    file = tmp_path / "folder" / "winnow.db"
    with pytest.raises(WinnowError) as caught:
        open_store(form.format(file), create=False)
    assert caught.value.code == "WN-L07" and caught.value.where == str(file)
    assert list(tmp_path.iterdir()) == []
    open_store(file).close()
    open_store(form.format(file), create=False).close()


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    open_store(tmp_path / "winnow.db").close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_path_and_a_url_name_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("a.db") as store:
        store.put_patients([cases.PATIENT])
    for place in (tmp_path / "a.db", "sqlite:///a.db", f"sqlite:///{tmp_path}/a.db"):
        with open_store(place) as store:
            assert store.patients() == [cases.PATIENT]


@pytest.mark.parametrize(
    "address", ["mysql://u:hunter2@h/d", "sqlite://", "sqlite:///:memory:", ":memory:", "://", "postgresql://a:x@h:p/d"]
)
def test_what_is_no_address_of_ours_is_refused(address: str) -> None:
    error = told(address)
    assert error.code == "WN-L07" and "hunter2" not in str(error)


def test_no_server_is_told_without_the_password() -> None:
    error = told("postgresql://me:hunter2@127.0.0.1:9/nowhere")
    assert error.code == "WN-L07" and "127.0.0.1" in str(error) and "does not answer" in error.what
    assert "hunter2" not in str(error)


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "psycopg" else found(name))
    error = told("postgresql://me:hunter2@127.0.0.1:9/nowhere")
    assert error.code == "WN-L07" and "winnow-lab[postgres]" in error.fix and "hunter2" not in str(error)


def test_a_file_that_is_no_database_is_refused_and_left(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("SYNTHETIC words, not a database. " * 100)
    assert "no SQLite database" in told(file).what
    assert file.read_text().startswith("SYNTHETIC")


def test_another_program_s_database_is_refused_and_left(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as raw:
        raw.execute("CREATE TABLE songs (title)")
    raw.close()
    error = told(file)
    assert error.code == "WN-L07" and "another program" in error.what and error.where == str(file)


@pytest.mark.parametrize("place", ["folder", "below a file"])
def test_a_place_that_cannot_be_written_is_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert told(tmp_path if place == "folder" else tmp_path / "file" / "a.db").code == "WN-L07"


def test_tables_of_a_newer_winnow_are_refused_and_left(store: Store, address: str) -> None:
    store.put_patients([cases.PATIENT])
    tamper(address, f"INSERT INTO winnow_schema (version, at) VALUES ({schema.VERSION + 1}, 'later')")
    error = told(address)
    assert error.code == "WN-L07" and f"version {schema.VERSION + 1}" in error.what
    assert store.patients() == [cases.PATIENT]


def test_older_tables_are_upgraded_once_and_keep_their_rows(
    store: Store, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_patients([cases.PATIENT])
    store.close()
    steps: list[int] = []

    def add_column(connection: Connection) -> None:
        steps.append(2)
        connection.execute(text("ALTER TABLE winnow_patients ADD COLUMN ward TEXT"))

    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(schema, "UPGRADES", {2: add_column})
    for _ in range(2):
        with open_store(address) as upgraded:
            assert upgraded.patients() == [cases.PATIENT]
    assert steps == [2]


def test_an_upgrade_that_fails_leaves_the_old_tables(
    store: Store, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_patients([cases.PATIENT])

    def fail(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE winnow_patients ADD COLUMN ward TEXT"))
        connection.execute(text("SELECT * FROM no_such_table"))

    with monkeypatch.context() as patched:
        patched.setattr(schema, "VERSION", 2)
        patched.setattr(schema, "UPGRADES", {2: fail})
        assert told(address).code == "WN-L07"
    with open_store(address) as again:
        assert again.patients() == [cases.PATIENT]


def test_what_the_database_says_of_a_failing_row_is_not_passed_on(store: Store, address: str) -> None:
    store.put_patients([cases.OTHER])
    column = "ALTER TABLE winnow_notes RENAME COLUMN text TO words"
    tamper(address, column)
    with pytest.raises(WinnowError) as caught:
        store.put_patients([cases.PATIENT])
    assert caught.value.code == "WN-L07" and caught.value.__cause__ is None
    assert cases.SECRET not in str(caught.value) and "SYNTHETIC" not in str(caught.value)


def test_a_locked_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winnow.trials.store.address.WAIT", 0.05)
    with open_store(tmp_path / "a.db") as store:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WinnowError, match=r"WN-L07 .*another process"):
            store.put_patients([cases.PATIENT])
        other.execute("ROLLBACK")
        other.close()
        assert store.put_patients([cases.PATIENT]).added == 2


class BusyTwice(sqlite3.Connection):
    """As SQLite is, 3 times in 100, for one of four processes that switch a new file to the write-ahead log at once."""

    refusals = 2

    def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
        if "journal_mode" in sql and self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database is locked")
        return super().execute(sql, *rest)


def test_the_switch_to_the_write_ahead_log_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = sqlite3.connect(tmp_path / "a.db", factory=BusyTwice)
    addresses._set_up(raw, None)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    monkeypatch.setattr(addresses, "WAIT", -1)
    raw.refusals = 1
    with pytest.raises(sqlite3.OperationalError):
        addresses._set_up(raw, None)
    raw.close()


def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as store:
        store.put_patients([cases.PATIENT])
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            connection.rollback()
        many = cases.batch(range(2000))
        with pytest.raises(WinnowError, match="WN-S01"):
            store.put_answers("run", cases.ENGINE, None, many)
        assert store.answers_for("P-1", cases.ENGINE, [one.key for one in many]) == {}
        assert store.verify_audit() is None
