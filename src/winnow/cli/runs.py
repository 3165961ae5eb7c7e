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
        columns = {"run": "run", "levels_done": "levels done", "levels": "of", "branch_runs_done": "branch runs done"}
        used = {key: name for key, name in columns.items() if any(row.get(key) is not None for row in rows)}
        print_table(rows, {**used, "started": "started"})
    else:
        print(f"No runs under {root}.")


def report(run: Run, *, json: AsJson = False) -> None:
    """Write a run's page again: report.html, figures and tables."""
    opened = RunFolder.open(run)
    page = _grok_page(opened) if _is_grok(opened) else _ticket_page(opened)
    print_json({"run": str(run), "report": str(page)}) if json else print(f"Report: {page}")


def _is_grok(run: RunFolder) -> bool:
    return run.header().get("kind") == "grok"


def _ticket_page(run: RunFolder) -> Path:
    from winnow.tickets import write_report
    from winnow.tickets.show import first_layer

    return write_report(run, first_layer(run))


def _grok_page(run: RunFolder) -> Path:
    from winnow.grokking.figures import write_study_page
    from winnow.grokking.studies import read_run

    return write_study_page(*read_run(run.path))


def _row(run: RunFolder) -> dict[str, Any]:
    header = run.header()
    row = {"run": str(run.path), "id": header["id"], "started": header["started"]}
    if _is_grok(run):
        return {**row, "branch_runs_done": len(list(run.path.glob("done/*.json")))}
    levels = header["recipe"].get("levels", 0) + 1
    return {**row, "levels_done": len(list(run.path.glob("level-*/done.json"))), "levels": levels}
