"""`winnow tickets analyse`: the anatomy of a run's tickets."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson, Run
from winnow.cli.output import print_json, print_table


def analyse(
    run: Run,
    *,
    levels: Annotated[
        tuple[int, ...],
        Parameter(
            help="Levels to look at beside the dense network; all when not given.", consume_multiple=True, negative=()
        ),
    ] = (),
    json: AsJson = False,
) -> None:
    """Look into a run's tickets: start weights, connectivity, dead units, overlap of replicates, size and work.

    Writes tables, figures and a page into RUN/analysis.
    """
    from winnow.tickets import analyse as look

    found = look(run, levels)
    rows = _per_level(found.tables["savings"])
    if json:
        facts = {"run": str(run), "page": str(found.page), "levels": rows}
        print_json({**facts, "findings": found.findings, "notes": found.notes})
        return
    columns = {"level": "level", "density_percent": "weights %", "compression": "compression", "speed_up": "speed-up"}
    print_table(rows, {**columns, "test_accuracy_percent": "test %"})
    print()
    print("\n".join([*found.findings, *found.notes]))
    print(f"Page: {found.page}")


def _per_level(savings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over replicates; None where one is not known."""
    rows = []
    for level in dict.fromkeys(row["level"] for row in savings):
        own = [row for row in savings if row["level"] == level]
        means: dict[str, Any] = {"level": level}
        for key in ("density_percent", "compression", "speed_up", "test_accuracy_percent"):
            values = [row[key] for row in own]
            means[key] = None if None in values else sum(values) / len(values)
        rows.append(means)
    return rows
