"""One process at a time in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from winnow.core import WinnowError


@contextlib.contextmanager
def held_folder(path: Path | str) -> Iterator[None]:
    """Hold a folder for this process; it is made, and removed again where nothing came into it.

    The folder itself is locked, so that no file of a killed process stands in the way of the next.

    Raises:
        WinnowError: WN-R04 when another process holds it, WN-S02 when it cannot be made.
    """
    place = Path(path)
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        fix = "Choose a folder you may write to."
        raise WinnowError("WN-S02", error.strerror or str(error), where=place, fix=fix) from error
    try:
        if not _is_taken(handle, place):
            fix = "Wait for it, or choose another folder with --out."
            raise WinnowError("WN-R04", "another process is at work here", where=place, fix=fix)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                place.rmdir()  # refused where anything is in it
    finally:
        os.close(handle)


def _is_taken(handle: int, place: Path) -> bool:
    """Whether the lock is ours, on the folder that stands there: another process may have removed an empty one."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), place.stat())
    except OSError:
        return False
