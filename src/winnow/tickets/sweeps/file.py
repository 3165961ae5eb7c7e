"""`sweep.json`: a sweep's grid and how far every cell is, written whole after each change. No torch."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.storage import read_json, write_json

PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"


@dataclass
class Entry:
    """A cell in the file.

    Attributes:
        name: such as "score=random seed=0".
        labels: value by axis.
        id: identity of recipe and data; "" when the recipe could not be resolved.
        run: name of the run's folder, beside the file.
        state: "pending", "running", "done" or "failed".
        restarts: how often a worker of it was seen to die.
        seconds: wall time of the call that ended it; None when an earlier one did, which is not known here.
        error: the coded error as plain data, of a failed cell.
        trace: traceback of an error that nobody foresaw.
    """

    name: str
    labels: dict[str, Any]
    id: str = ""
    run: str = ""
    state: str = PENDING
    restarts: int = 0
    seconds: float | None = None
    error: dict[str, str | None] | None = None
    trace: str = ""


class SweepFile:
    """The file of a sweep.

    Args:
        folder: the sweep's folder.
        axes: values by axis, as labels.
        entries: the cells. Times of an earlier file are taken over.
    """

    NAME = "sweep.json"

    def __init__(self, folder: Path, axes: Mapping[str, Sequence[Any]], entries: Sequence[Entry]) -> None:
        self.folder, self.path = folder, folder / self.NAME
        self.axes, self.entries = dict(axes), list(entries)
        self._by_name = {entry.name: entry for entry in entries}
        self._started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        known = _times(self.path)
        for entry in self.entries:
            if entry.state == DONE:
                entry.seconds = known.get(entry.id)

    def __getitem__(self, name: str) -> Entry:
        """The cell of that name."""
        return self._by_name[name]

    def in_state(self, state: str) -> list[Entry]:
        """The cells in that state, in order."""
        return [entry for entry in self.entries if entry.state == state]

    def note(self, name: str, **changes: Any) -> Entry:
        """Change a cell, and write the file."""
        entry = self[name]
        for key, value in changes.items():
            setattr(entry, key, value)
        self.write()
        return entry

    def write(self) -> None:
        """Write the file whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        cells = [asdict(entry) for entry in self.entries]
        write_json(self.path, {"started": self._started, "grid": self.axes, "cells": cells})

    def interrupted(self) -> None:
        """What is still running will not end: it waits for the next time."""
        for entry in self.in_state(RUNNING):
            entry.state = PENDING
        self.write()


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the sweep's folder for this process.

    Raises:
        WinnowError: WN-R04 when another sweep holds it, WN-S02 when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".sweep.lock").open("w")
    except OSError as error:
        fix = "Choose a folder you may write to, with --out."
        raise WinnowError("WN-S02", error.strerror or str(error), where=folder, fix=fix) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            fix = "Wait for it, or choose another folder with --out."
            raise WinnowError("WN-R04", "another sweep is running here", where=folder, fix=fix) from error
        yield


def _times(path: Path) -> dict[str, float]:
    """Seconds by identity, from an earlier file; nothing from one that cannot be read."""
    try:
        cells = read_json(path)["cells"]
        return {cell["id"]: cell["seconds"] for cell in cells if cell["seconds"] is not None}
    except (OSError, WinnowError, KeyError, TypeError):
        return {}
