"""`winnow tickets ...` and `winnow tour`: finding tickets and looking at them."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from winnow.cli.flags import given, overrides_of
from winnow.cli.options import AsJson, Device, DryRun, Execution, Out
from winnow.cli.output import print_facts, print_json, print_table
from winnow.recipes import METHODS, RECIPES, recipe_named, with_method
from winnow.storage import RunFolder
from winnow.tickets.recipe import FindRecipe, flags_of

app = App(name="tickets", help="Find winning tickets and look at them.")
_FindFlags = overrides_of(FindRecipe)


def find(
    recipe: Annotated[str, Parameter(help=f"Where to start from: {', '.join(RECIPES)}.")],
    *,
    method: Annotated[str, Parameter(help=f"Change the recipe to a published method: {', '.join(METHODS)}.")] = "imp",
    out: Out = None,
    device: Device = "auto",
    execution: Execution = "auto",
    dry_run: DryRun = False,
    json: AsJson = False,
    checkpoint_seconds: Annotated[float, Parameter(help="Time between checkpoints within a level.")] = 30.0,
    flags: Any = None,
) -> None:
    """Find tickets by iterative magnitude pruning or another method, with controls, and write a report.

    Run again after a stop or a kill: finished levels are kept and the rest goes on.
    """
    chosen = dataclasses.replace(with_method(recipe_named(recipe)(), method), **given(flags))
    run = run_find(chosen, recipe, out, device, dry_run, json, checkpoint_seconds, execution)
    if run is not None:
        finished(run, json)


# The class is made at run time from the recipe's fields, so no written annotation can name it.
find.__annotations__["flags"] = Annotated[_FindFlags | None, Parameter(name="*")]
app.command(find)


@app.command
def show(path: Annotated[Path, Parameter(help="A run folder, or a ticket's folder.")], *, json: AsJson = False) -> None:
    """Show a run's levels, or one ticket's layers."""
    if (path / "ticket.json").is_file():
        _show_ticket(path, json)
    else:
        _show_run(path, json)


def run_find(
    recipe: FindRecipe,
    base: str,
    out: Path | None,
    device: str,
    dry_run: bool,
    json: bool,
    checkpoint_seconds: float = 30.0,
    execution: str = "auto",
) -> RunFolder | None:
    """Run a search; None after a dry run, which is printed instead."""
    from winnow.tickets import find as search
    from winnow.tickets import prepare
    from winnow.training import progress_for

    prepared = prepare(recipe)
    folder = out or prepared.default_folder
    if dry_run:
        described(prepared, folder, json)
        return None
    command = shlex.join(["winnow", "tickets", "find", base, *flags_of(recipe, recipe_named(base)())])
    progress = progress_for(sys.stderr.isatty())
    return search(
        prepared,
        out=folder,
        device=device,
        progress=progress,
        command=command,
        checkpoint_seconds=checkpoint_seconds,
        execution=execution,
    )


def described(prepared: Any, folder: Path, json: bool) -> None:
    """What `--dry-run` prints: whatever was prepared, resolved."""
    facts = {"out": str(folder), **prepared.describe()}
    print_json(facts) if json else print_facts(_flat(facts))


def finished(run: RunFolder, json: bool) -> None:
    """Write the report of a run that has ended, and print what was found."""
    report = found_tickets(run)
    print_json(result_of(run.path, report)) if json else said(run, report)


def found_tickets(run: RunFolder) -> Path:
    """Write the report of a run that has ended."""
    from winnow.tickets import write_report
    from winnow.tickets.show import first_layer

    return write_report(run, first_layer(run))


def said(run: RunFolder, report: Path) -> None:
    """Print what was found, in sentences, and where the report is."""
    for sentence in result_of(run.path, report)["findings"]:
        print(sentence)
    print(f"Report: {report}")


def result_of(path: Path, report: Path | None = None) -> dict[str, Any]:
    """What `--json` prints: per level, the density in percent, and per branch the early stop and accuracy there."""
    from winnow.tickets.findings import findings
    from winnow.tickets.summary import summarise

    run = RunFolder.open(path)
    summary = summarise(run.metrics)
    levels: dict[int, dict[str, Any]] = {}
    for row in sorted(summary, key=lambda s: s.level):
        entry = levels.setdefault(
            row.level, {"level": row.level, "density_percent": row.density_percent, "branches": {}}
        )
        entry["branches"][row.branch] = {
            "replicates": row.replicates,
            "early_stop_step": _spread(row.early_stop_step),
            "test_accuracy_percent": _spread(row.test_accuracy, 100),
        }
    header = run.header()
    return {
        "run": str(run.path),
        "id": header["id"],
        "recipe": header["recipe"]["name"],
        "report": str(report or run.report),
        "levels": list(levels.values()),
        "findings": findings(summary, header["recipe"]),
    }


def _spread(spread: Any, scale: float = 1) -> dict[str, float]:
    return {"mean": spread.mean * scale, "min": spread.minimum * scale, "max": spread.maximum * scale}


def _show_run(path: Path, json: bool) -> None:
    result = result_of(path)
    if json:
        print_json(result)
        return
    rows = [
        {
            "level": level["level"],
            "density": level["density_percent"],
            "branch": branch,
            "stop": values["early_stop_step"]["mean"],
            "accuracy": values["test_accuracy_percent"]["mean"],
            "range": "{min:.2f} to {max:.2f}".format(**values["test_accuracy_percent"]),
        }
        for level in result["levels"]
        for branch, values in level["branches"].items()
    ]
    columns = {
        "level": "level",
        "density": "weights %",
        "branch": "branch",
        "stop": "early stop",
        "accuracy": "test % there",
        "range": "min to max",
    }
    print_table(rows, columns)
    print()
    print("\n".join(result["findings"]))


def _show_ticket(path: Path, json: bool) -> None:
    from winnow.sparsity import Ticket, layer_report

    ticket = Ticket.from_pretrained(path)
    rows = [
        {
            "tensor": r.name,
            "shape": " x ".join(map(str, r.shape)),
            "kept": r.kept,
            "total": r.total,
            "percent": r.density_percent,
            "dead": r.dead_outputs,
        }
        for r in layer_report(ticket.mask)
    ]
    if json:
        print_json({"ticket": str(path), "manifest": dict(ticket.manifest), "layers": rows})
        return
    facts = {k: v for k, v in ticket.manifest.items() if k not in ("files", "format", "version")}
    print_facts(_flat(facts))
    print()
    headings = {"dead": "outputs without input", "percent": "% kept"}
    print_table(rows, {key: headings.get(key, key) for key in rows[0]})


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested facts as "recipe.steps"."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
