"""`winnow tickets compare`: runs and branches side by side."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_json, print_table

if TYPE_CHECKING:
    from winnow.tickets.comparison.result import Comparison

Words = tuple[str, ...]


def compare(
    *runs: Annotated[Path, Parameter(help="Run folders.")],
    branches: Annotated[
        Words, Parameter(help="Branches to draw, such as ticket reinit.", consume_multiple=True, negative=())
    ] = ("ticket",),
    labels: Annotated[
        Words,
        Parameter(
            help="One per run; what differs between the recipes when not given.", consume_multiple=True, negative=()
        ),
    ] = (),
    metric: Annotated[str, Parameter(help="early-stop, accuracy or end-accuracy; all three when not given.")] = "",
    out: Annotated[Path, Parameter(help="Where the figure, the table and the page go.")] = Path("comparison"),
    json: AsJson = False,
) -> None:
    """Compare runs and branches: early stop and accuracy against the weights that remain.

    Writes one figure, one table and a page, with what differs between the recipes.
    """
    from winnow.tickets import compare as side_by_side

    flags = {"--branches": branches if branches != ("ticket",) else (), "--labels": labels}
    flags |= {"--metric": (metric,) if metric else (), "--out": (str(out),) if out != Path("comparison") else ()}
    words = [str(run) for run in runs] + [word for flag, given in flags.items() if given for word in (flag, *given)]
    command = shlex.join(["winnow", "tickets", "compare", *words])
    found = side_by_side(runs, branches=branches, labels=labels, metric=metric, out=out, command=command)
    print_json(_result(found)) if json else _print(found)


def _result(found: Comparison) -> dict[str, Any]:
    runs = [
        {"run": str(run.folder.path), "id": run.header["id"], "label": run.label, "levels_finished": run.finished}
        for run in found.runs
    ]
    facts = {"page": str(found.page), "runs": runs, "differences": found.differences, "notes": found.notes}
    return {**facts, "series": found.overview(), "rows": found.rows()}


def _print(found: Comparison) -> None:
    for note in found.notes:
        print(note)
    columns = {
        "series": "series",
        "sparsest_percent": "sparsest %",
        "test_accuracy_percent_there": "test % there",
        "best_test_accuracy_percent": "best test %",
        "best_at_percent": "at weights %",
        "sparsest_winning_percent": "wins down to %",
    }
    print_table(found.overview(), columns)
    print(f"Page: {found.page}")
