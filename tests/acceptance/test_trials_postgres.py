"""Several processes on one store, and a kill in the middle: on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

import store_cases as cases
from postgres_server import fresh_database
from store_cases import tamper
from store_writer import SIZE
from winnow.trials.store import open_store

pytest_plugins = ("store_places",)

WRITER = Path(__file__).parents[1] / "store_writer.py"


def writer(address: str, name: str, batches: int) -> subprocess.Popen[str]:
    command, pipe = [sys.executable, str(WRITER), address, name, str(batches)], subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def start(*writers: subprocess.Popen[str]) -> None:
    """Let them write, once all of them are ready."""
    for process in writers:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            pytest.fail(f"a writer ended before it wrote: {process.communicate(timeout=60)[1]}")
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def test_writers_at_once_on_a_new_store_leave_one_whole_chain(address: str) -> None:
    """They also make the tables at once: one does, the others find them."""
    batches, names = 15, ["one", "two", "three"]
    running = [writer(address, name, batches) for name in names]
    start(*running)
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    with open_store(address) as store:
        assert store.verify_audit() is None
        events = store.audit_events("answer")
        assert len(events) == len(names) * batches * SIZE
        by_run = [event.run_id for event in events]
        # They did write in between one another; otherwise this test shows nothing.
        assert sum(a != b for a, b in itertools.pairwise(by_run)) >= len(names)
        for name in names:
            assert (
                len(store.answers_for("P-1", cases.ENGINE, cases.keys(range(batches * SIZE), name))) == batches * SIZE
            )
        assert [run.outcome for run in store.runs()] == ["finished"] * 3
        assert len(store.audit_events("import")) == 3


def test_a_kill_leaves_whole_batches_and_only_the_rest_is_asked_again(address: str) -> None:
    process = writer(address, "one", 100_000)
    start(process)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    with open_store(address) as store:
        assert store.verify_audit() is None
        asked = cases.keys(range(20_000), "one")
        there = store.answers_for("P-1", cases.ENGINE, asked)
        assert len(there) >= 3 * SIZE and len(there) % SIZE == 0
        assert len(store.audit_events("answer")) == len(there)
        assert [run.outcome for run in store.runs()] == [None]
        # Resuming: what is there is not asked, and what is asked is all that becomes new.
        wanted = range(len(there) + 2 * SIZE)
        missing = [key for key in cases.keys(wanted, "one") if key not in there]
        run = cases.begin(store)
        assert store.put_answers(run, cases.ENGINE, None, cases.batch(wanted, "one")) == len(missing) == 2 * SIZE


def test_a_role_without_rights_to_the_triggers_cannot_take_them_away(postgres: str) -> None:
    with fresh_database(postgres, "winnow_roles") as address:
        with open_store(address) as store:
            cases.begin(store)
        role = "winnow_clerk"
        grants = [
            f"CREATE ROLE {role} LOGIN",
            f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT UPDATE ON winnow_runs, winnow_notes, winnow_trials, winnow_patients TO {role}",
            f"GRANT DELETE ON winnow_answers, winnow_snapshots TO {role}",
        ]
        tamper(address, *grants)
        try:
            clerk = address.replace("winnow@", f"{role}@")
            for statement in ("ALTER TABLE winnow_audit DISABLE TRIGGER ALL", "DELETE FROM winnow_audit"):
                with pytest.raises(DBAPIError):
                    tamper(clerk, statement)
            with open_store(clerk) as store:
                run = cases.begin(store)
                assert store.put_answers(run, cases.ENGINE, None, cases.batch([1, 2])) == 2
                assert store.verify_audit() is None
        finally:
            tamper(address, f"DROP OWNED BY {role}", f"DROP ROLE {role}")
