"""What the cells of a sweep found, as one table. No torch."""

from __future__ import annotations

from typing import Any

from winnow.storage import RunFolder
from winnow.tickets.recipe import TICKET
from winnow.tickets.summary import as_rows, series, summarise
from winnow.tickets.sweeps.file import DONE, Entry, SweepFile

_MEASURES = ("density_percent", "early_stop_step", "test_accuracy_percent", "final_test_accuracy_percent")


def rows(file: SweepFile) -> list[dict[str, Any]]:
    """A row per cell: axes, state, and of a finished one what the ticket of the last level reached.

    Accuracies and densities are percent, means with minimum and maximum over replicates; `dense_...` is level 0;
    `seconds` is wall time.
    """
    return [_row(file, entry) for entry in file.entries]


def _row(file: SweepFile, entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {"state": entry.state}
    if entry.state == DONE:
        tickets = as_rows(series(summarise(RunFolder(file.folder / entry.run).metrics), TICKET))
        last, dense = tickets[-1], tickets[0]
        found |= {key: value for key, value in last.items() if key.startswith(_MEASURES)}
        found |= {f"dense_{key}": value for key, value in dense.items() if key.startswith(_MEASURES[1:])}
    found |= {"seconds": entry.seconds, "error": (entry.error or {}).get("code"), "run": entry.run, "id": entry.id}
    return {**entry.labels, **{key: value for key, value in found.items() if key not in entry.labels}}
