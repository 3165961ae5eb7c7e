"""`sweep`: many searches, each in its own run folder; running again skips what is finished."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.execution import Job, Local, Outcome, Place, run
from winnow.reports import write_table
from winnow.storage import RunFolder
from winnow.storage.runs import SHORT_ID
from winnow.tickets.preparation import prepare
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.search import find
from winnow.tickets.show import finished_levels
from winnow.tickets.sweeps.file import DONE, FAILED, PENDING, RUNNING, Entry, SweepFile, held
from winnow.tickets.sweeps.grid import Cell, cells_of
from winnow.tickets.sweeps.table import rows
from winnow.training.progress import Lines, clock

# A worker that was lost may hold its run for a while: until its machine has noticed.
_PATIENCE = 120.0
_SECONDS_BETWEEN_LINES = 60.0


@dataclass(frozen=True)
class Settings:
    """What all cells of a sweep share and no recipe names; see `winnow.tickets.find`."""

    device: str = "auto"
    execution: str = "auto"
    checkpoint_seconds: float = 30.0


@dataclass(frozen=True)
class Plan:
    """A sweep before it runs: which cells there are, where each runs, and how far they are."""

    cells: tuple[Cell, ...]
    file: SweepFile
    network_steps: int


def sweep(
    recipes: Sequence[Cell | FindRecipe] | Plan,
    *,
    out: Path | str = "runs/sweep",
    where: Place | None = None,
    settings: Settings | None = None,
    told: Callable[[str], None] | None = None,
) -> SweepFile:
    """Find the tickets of many recipes. A cell that fails leaves the others alone.

    Every cell runs in `out/<recipe>-<id>/`; a run that is finished there, by this sweep or another, is not run again.
    `out/sweep.json` tells at any time how far every cell is, `out/sweep.csv` at the end what each one found.

    Args:
        recipes: recipes, the cells of a `grid`, or what `plan` made of them.
        out: the folder of the sweep, on a file system that all workers share.
        where: `winnow.execution.Local` (one after another when not given) or `RayCluster`.
        settings: device, execution and checkpoints of all cells.
        told: gets a line of text for every change.

    Returns:
        The sweep's file; `in_state("failed")` are the cells that failed, each with its error.

    Raises:
        WinnowError: WN-R02 when two cells are the same run, WN-R04 when another sweep runs in `out`, WN-D07 and WN-X03
            when the cluster cannot be used, WN-S01 and WN-S02 when `out` cannot be written.
    """
    planned = recipes if isinstance(recipes, Plan) else plan(recipes, out)
    file, say = planned.file, told or (lambda _: None)
    with held(file.folder):
        file.write()
        jobs = list(_jobs(planned, settings or Settings()))
        try:
            for outcome in run(jobs, where or Local()):
                _note(file, outcome, say)
        finally:
            file.interrupted()
        write_table(rows(file), file.folder, "sweep")
    return file


def plan(recipes: Sequence[Cell | FindRecipe], out: Path | str) -> Plan:
    """Resolve every cell against its data and network; nothing is written.

    Raises:
        WinnowError: WN-R02 when two cells are the same run. What is wrong with one cell is that cell's error, and is
            raised only when no cell can run.
    """
    cells, folder = tuple(cells_of(recipes)), Path(out)
    entries, steps, errors = [], 0, []
    for cell in cells:
        entry = Entry(cell.name, dict(cell.labels))
        try:
            steps += _resolve(cell, entry, folder)
        except WinnowError as error:
            entry.state, entry.error = FAILED, error.as_dict()
            errors.append(error)
        entries.append(entry)
    if errors and len(errors) == len(cells):
        raise errors[0]
    _refuse_same(entries)
    names = list(dict.fromkeys(axis for cell in cells for axis in cell.labels))
    axes = {axis: list(dict.fromkeys(cell.labels.get(axis) for cell in cells)) for axis in names}
    return Plan(cells, SweepFile(folder, axes, entries), steps)


def run_cell(recipe: FindRecipe, folder: str, name: str, command: str, settings: Settings) -> None:
    """One cell, in whatever process: search, or go on where a lost worker stopped, once that one is gone."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            find(
                recipe,
                out=folder,
                device=settings.device,
                execution=settings.execution,
                checkpoint_seconds=settings.checkpoint_seconds,
                command=command,
                progress=_Named(name),
            )
            return
        except WinnowError as error:
            if error.code != "WN-R04" or time.monotonic() > deadline:
                raise
        time.sleep(0.5)


class _Named(Lines):
    """Lines of progress that say which cell they are of."""

    def __init__(self, name: str) -> None:
        super().__init__(every=_SECONDS_BETWEEN_LINES)
        self._name = name

    def advance(self, steps: int, note: str) -> None:
        """See `Progress.advance`."""
        super().advance(steps, f"{self._name}: {note}")


def _resolve(cell: Cell, entry: Entry, folder: Path) -> int:
    """Fill in the entry's run; the optimizer steps that its networks take."""
    if cell.recipe is None:
        raise cell.error or ValueError("a cell has a recipe or an error")
    prepared = prepare(cell.recipe)
    entry.id, entry.run = prepared.run_id, f"{cell.recipe.name}-{prepared.run_id[:SHORT_ID]}"
    entry.state = DONE if _is_finished(folder / entry.run, prepared.run_id, cell.recipe.levels) else PENDING
    return prepared.network_steps


def _is_finished(folder: Path, run_id: str, levels: int) -> bool:
    run_folder = RunFolder(folder)
    if not run_folder.recipe_file.is_file() or run_folder.header()["id"] != run_id:
        return False
    return len(finished_levels(run_folder)) > levels


def _refuse_same(entries: Sequence[Entry]) -> None:
    seen: dict[str, Entry] = {}
    for entry in entries:
        if entry.run and entry.run in seen:
            raise WinnowError(
                "WN-R02",
                f"{seen[entry.run].name!r} and {entry.name!r} are the same run, {entry.run}",
                where="--grid",
                fix="Leave out one of them, or the axis that changes nothing here.",
            )
        seen[entry.run] = entry


def _jobs(planned: Plan, settings: Settings) -> Iterator[Job]:
    for cell, entry in zip(planned.cells, planned.file.entries, strict=True):
        if entry.state == PENDING:
            folder = str((planned.file.folder / entry.run).absolute())
            yield Job(entry.name, run_cell, (cell.recipe, folder, entry.name, cell.command, settings))


def _note(file: SweepFile, outcome: Outcome, say: Callable[[str], None]) -> None:
    changes: dict[str, Any] = {"state": outcome.state}
    if outcome.state == "again":
        changes = {"state": RUNNING, "restarts": file[outcome.name].restarts + 1}
    elif outcome.state != RUNNING:
        changes |= {"seconds": round(outcome.seconds, 3), "trace": outcome.trace}
        changes["error"] = outcome.error.as_dict() if outcome.error else None
    file.note(outcome.name, **changes)
    ended = len(file.in_state(DONE)) + len(file.in_state(FAILED))
    words = {"running": "started", "again": "its worker died, started again"}.get(outcome.state, outcome.state)
    why = f", {outcome.error.code}: {outcome.error.what}" if outcome.error else ""
    why = why or (f" in {clock(outcome.seconds)}" if outcome.state == DONE else "")
    say(f"[{ended}/{len(file.entries)}] {outcome.name}: {words}{why}")


def tell_on_stderr(line: str) -> None:
    """For `told`."""
    print(line, file=sys.stderr, flush=True)
