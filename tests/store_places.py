"""Where stores are tested: a SQLite file, and a database of a private PostgreSQL server. A pytest plugin.

Tests name it in `pytest_plugins` and never import it: pytest has to load it first."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_server import NoServerError, fresh_database, postgres_server
from winnow.trials.store import Store, open_store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The server's address. Without a server the test is skipped, and on CI it fails."""
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(postgres_server())
        except NoServerError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(str(error))
            pytest.skip(str(error))
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty store may be made, on either database."""
    if request.param == "sqlite":
        yield str(tmp_path / "store" / "winnow.db")
        return
    with fresh_database(request.getfixturevalue("postgres"), f"winnow_{uuid.uuid4().hex[:12]}") as made:
        yield made


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """An empty store on either database."""
    with open_store(address, operator="Test Operator") as opened:
        yield opened
