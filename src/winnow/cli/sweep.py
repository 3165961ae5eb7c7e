"""`winnow tickets sweep`: a grid of searches, on this machine or on a cluster."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.flags import given, overrides_of
from winnow.cli.grid import axes_of
from winnow.cli.options import AsJson, Device, Execution
from winnow.cli.output import USER_ERROR, print_facts, print_json, print_table
from winnow.core import WinnowError
from winnow.recipes import RECIPES, recipe_named, with_method
from winnow.tickets.recipe import FindRecipe, flags_of
from winnow.tickets.sweeps.grid import Cell, grid

if TYPE_CHECKING:
    from winnow.execution import Place
    from winnow.tickets.sweeps.file import SweepFile
    from winnow.tickets.sweeps.running import Plan

_Axes = Annotated[
    list[str] | None,
    Parameter(
        name="--grid",
        help='An axis: a flag of "find" and its values, such as score=magnitude,random; a list has plus signs, such as '
        "controls=none,reinit+random. Once per axis.",
        negative=(),
    ),
]
_Methods = Annotated[
    tuple[str, ...] | None,
    Parameter(name="--method", help="Methods to compare; as --grid method=....", consume_multiple=True, negative=()),
]
_Jobs = Annotated[int | None, Parameter(help="Cells at once: 1, or with --ray as many as the cluster has room for.")]
_Threads = Annotated[
    int | None, Parameter(help="Threads of each cell: the cores divided by --jobs, or with --ray 1, when not given.")
]
_Ray = Annotated[
    str | None,
    Parameter(
        name="--ray",
        help='Run on a Ray cluster: "auto", "host:port", or "local". Its nodes need the same packages and one shared '
        "file system for the data and --out.",
    ),
]
_FindFlags = overrides_of(FindRecipe)


def sweep(
    recipe: Annotated[str, Parameter(help=f"Where to start from: {', '.join(RECIPES)}.")],
    *,
    grid: _Axes = None,
    method: _Methods = None,
    jobs: _Jobs = None,
    ray: _Ray = None,
    threads: _Threads = None,
    out: Annotated[Path | None, Parameter(help="Sweep folder; runs/sweep-RECIPE when not given.")] = None,
    device: Device = "auto",
    execution: Execution = "auto",
    checkpoint_seconds: Annotated[float, Parameter(help="Time between checkpoints within a level.")] = 30.0,
    dry_run: Annotated[
        bool, Parameter(help="Print the cells, their folders and step counts, and stop.", negative=())
    ] = False,
    json: AsJson = False,
    flags: Any = None,
) -> int:
    """Find tickets for every cell of a grid of recipes, and put the results in one table.

    Every cell is a run of its own in OUT/RECIPE-ID. Run again after a stop or a kill, or with a larger grid: finished
    cells are kept, the rest goes on. A cell that fails leaves the others alone; then the exit code is 2.
    """
    cells = _cells(recipe, grid or [], method or (), given(flags))
    where = _place(jobs, ray, threads, device)
    from winnow.tickets.sweeps.running import Settings, plan, sweep, tell_on_stderr

    planned = plan(cells, out or Path("runs") / f"sweep-{recipe}")
    if dry_run:
        _print_plan(planned, json)
        return 0
    # Inside a Ray task the one GPU that it was given is the only one to be seen.
    settings = Settings("cuda" if ray and device.startswith("cuda") else device, execution, checkpoint_seconds)
    file = sweep(planned, where=where, settings=settings, told=tell_on_stderr)
    return _print_result(file, json)


sweep.__annotations__["flags"] = Annotated[_FindFlags | None, Parameter(name="*")]


def _cells(recipe: str, texts: Sequence[str], methods: Sequence[str], fixed: dict[str, Any]) -> list[Cell]:
    """The cells, each with the command that runs it alone."""
    base = recipe_named(recipe)()
    made = grid(base, axes_of(texts, methods, fixed), fixed, with_method)

    def command(found: FindRecipe) -> str:
        return shlex.join(["winnow", "tickets", "find", recipe, *flags_of(found, base)])

    return [dataclasses.replace(cell, command=command(cell.recipe)) if cell.recipe else cell for cell in made]


def _place(jobs: int | None, ray: str | None, threads: int | None, device: str) -> Place:
    from winnow.execution import Local, RayCluster

    for flag, value in (("--jobs", jobs), ("--threads", threads)):
        if value is not None and value < 1:
            raise WinnowError("WN-C01", "it must be at least 1", where=flag)
    if ray is None:
        return Local(jobs or 1, threads)
    cluster = RayCluster(ray, jobs, threads or 1, gpus=1 if device.startswith("cuda") else 0)
    cluster.check_installed()
    return cluster


def _print_plan(planned: Plan, json: bool) -> None:
    file = planned.file
    facts = {
        "out": str(file.folder),
        "grid": file.axes,
        "cells": [_facts(entry) for entry in file.entries],
        "network_steps": planned.network_steps,
    }
    if json:
        print_json(facts)
        return
    print_facts({"out": facts["out"], "cells": len(file.entries), "network_steps": planned.network_steps})
    print()
    print_table(
        [{**e.labels, "state": e.state, "run": e.run} for e in file.entries], _axis_columns(file, "state", "run")
    )
    _print_failures(file)


def _print_result(file: SweepFile, json: bool) -> int:
    from winnow.tickets.sweeps.table import rows

    found, failed = rows(file), file.in_state("failed")
    if json:
        cells = [{**_facts(entry), "found": row} for entry, row in zip(file.entries, found, strict=True)]
        counts = {"done": len(file.in_state("done")), "failed": len(failed)}
        print_json({"out": str(file.folder), "csv": str(file.folder / "sweep.csv"), **counts, "cells": cells})
    else:
        print_table([_shown(row) for row in found], _axis_columns(file, *_HEADINGS))
        print(f"\nTable: {file.folder / 'sweep.csv'}. Figures: winnow tickets compare {file.folder}/*-*")
        _print_failures(file)
    for entry in failed if json else []:
        print(f"failed {entry.name}: {(entry.error or {})['what']}", file=sys.stderr)
    return USER_ERROR if failed else 0


_HEADINGS = {
    "state": "state",
    "density_percent": "weights %",
    "early_stop_step_mean": "early stop",
    "test_accuracy_percent_mean": "test % there",
    "range": "min to max",
    "seconds": "wall s",
}


def _axis_columns(file: SweepFile, *more: str) -> dict[str, str]:
    """Headings by key: the axes, then `more`."""
    return {**{axis: axis.replace("_", " ") for axis in file.axes}, **{key: _HEADINGS.get(key, key) for key in more}}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    low, high = row.get("test_accuracy_percent_min"), row.get("test_accuracy_percent_max")
    spread = f"{low:.2f} to {high:.2f}" if low is not None and high is not None else ""
    return {**row, "range": spread}


def _facts(entry: Any) -> dict[str, Any]:
    """A cell as plain data; a traceback stays in the file."""
    return {key: value for key, value in dataclasses.asdict(entry).items() if key != "trace"}


def _print_failures(file: SweepFile) -> None:
    failed = file.in_state("failed")
    if failed:
        print(f"\n{len(failed)} of {len(file.entries)} cells failed:")
        print_table([{"cell": e.name, **(e.error or {})} for e in failed], {k: k for k in ("cell", "code", "what")})
