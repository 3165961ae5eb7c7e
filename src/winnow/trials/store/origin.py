"""Who and when, as the store writes them."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime


def now() -> str:
    """ISO 8601 in UTC, with microseconds: as text it sorts as time does."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def user() -> str:
    """The system's name of who runs this; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
