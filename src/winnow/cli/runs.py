"""`winnow runs` and `winnow report`: what was run, and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson, Run
from winnow.cli.output import print_json, print_table
from winnow.storage import RunFolder, list_runs


def runs(root: Annotated[Path, Parameter(help="Where the runs are.")] = Path("runs"), *, json: AsJson = False) -> None:
    """List the runs under a folder, with how far they are."""
    rows = [_row(run) for run in list_runs(root)]
    if json:
        print_json({"root": str(root), "runs": rows})
    elif rows:
        print_table(rows, {"run": "run", "levels_done": "levels done", "levels": "of", "started": "started"})
    else:
        print(f"No runs under {root}.")


def report(run: Run, *, json: AsJson = False) -> None:
    """Write a run's page again: report.html, figures and tables."""
    from winnow.tickets import write_report
    from winnow.tickets.show import first_layer

    opened = RunFolder.open(run)
    page = write_report(opened, first_layer(opened))
    print_json({"run": str(run), "report": str(page)}) if json else print(f"Report: {page}")


def _row(run: RunFolder) -> dict[str, Any]:
    header = run.header()
    return {
        "run": str(run.path),
        "id": header["id"],
        "levels_done": len(list(run.path.glob("level-*/done.json"))),
        "levels": header["recipe"].get("levels", 0) + 1,
        "started": header["started"],
    }
