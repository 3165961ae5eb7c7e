"""A private PostgreSQL server: started in a temporary folder, reached through a socket in it, gone at the end.

`python tests/postgres_server.py` starts one, prints its address and waits for Ctrl-C.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

_INSTALL = "apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql"
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=40")


class NoServerError(Exception):
    """PostgreSQL is not here and could not be installed, or it did not start."""


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a running server's first database; WINNOW_TEST_POSTGRES names one that runs already.

    Raises:
        NoServerError: when there is none to be had.
    """
    if given := os.environ.get("WINNOW_TEST_POSTGRES"):
        yield given
        return
    programs = _programs()
    # A short name: a socket's path has 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="winnow-pg-", dir="/tmp"))
    try:
        owner = _owner(folder)
        make = [programs / "initdb", "-D", folder / "data", "-U", "winnow", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*make, "--locale=C"], cwd=folder, check=True, stdout=subprocess.DEVNULL, **owner)
        with _running(programs / "postgres", folder, owner) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def fresh_database(server: str, name: str) -> Iterator[str]:
    """The address of an empty database of this name; it is dropped at the end."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        head, _, options = server.partition("?")
        yield f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{options}" if options else "")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _owner(folder: Path) -> dict[str, Any]:
    """Servers refuse to be root: then the folder and the processes are the user postgres's."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _running(program: Path, folder: Path, owner: dict[str, Any]) -> Iterator[str]:
    settings = [word for setting in _QUICK for word in ("-c", setting)]
    command = [program, "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", *settings]
    address = f"postgresql://winnow@/postgres?host={folder}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **owner)
        try:
            _wait_for(address, process, folder / "log")
            yield address
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[Any], log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(address).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise NoServerError(f"the server did not start: {log.read_text()[-500:]}") from error
            time.sleep(0.05)


def _programs() -> Path:
    """The newest installed server's programs; installed first when this is root's machine and there are none."""
    with Path(tempfile.gettempdir(), f"winnow-postgres-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test workers look one after another: apt takes one at a time
        if not _installed():
            _install()
    if found := _installed():
        return found[-1]
    raise NoServerError("no PostgreSQL server is installed: apt-get install postgresql")


def _installed() -> list[Path]:
    found = [file.parent for file in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return sorted(found, key=lambda folder: float(folder.parent.name)) or ([Path(on_path).parent] if on_path else [])


def _install() -> None:
    if os.geteuid() or not shutil.which("apt-get"):
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(_INSTALL, shell=True, check=False, env=quiet, stdout=subprocess.DEVNULL, timeout=300)


if __name__ == "__main__":
    # As a background job of a shell SIGINT is ignored from the start, and SIGTERM would leave the server behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), postgres_server() as running:
        print(running, flush=True)
        signal.pause()
