"""The page of a comparison: the figure, the numbers, and what differs between the recipes. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow import reports
from winnow.reports import Code, Column, Details, Page, Picture, Points, Prose, Section, Table
from winnow.storage.runs import SHORT_ID
from winnow.tickets.comparison.figures import comparison_figure
from winnow.tickets.comparison.labels import written

if TYPE_CHECKING:
    from winnow.tickets.comparison.result import Comparison

_NUMBERS = (
    Column("series", "Series"),
    Column("level", "Level"),
    Column("density_percent", "Weights remaining (%)", ".2f"),
    Column("replicates", "Replicates"),
    Column("early_stop_step_mean", "Early-stop step, mean", ",.0f"),
    Column("test_accuracy_percent_mean", "Test accuracy there (%), mean", ".2f"),
    Column("test_accuracy_percent_min", "min", ".2f"),
    Column("test_accuracy_percent_max", "max", ".2f"),
    Column("final_test_accuracy_percent_mean", "Final test accuracy (%), mean", ".2f"),
)
_OVERVIEW = (
    Column("series", "Series"),
    Column("replicates", "Replicates"),
    Column("sparsest_percent", "Sparsest (%)", ".2f"),
    Column("test_accuracy_percent_there", "Test accuracy there (%)", ".2f"),
    Column("best_test_accuracy_percent", "Best test accuracy (%)", ".2f"),
    Column("best_at_percent", "with weights (%)", ".2f"),
    Column("sparsest_winning_percent", "Sparsest that wins (%)", ".2f"),
)
_CAPTION = (
    "Means over replicates, bars from minimum to maximum, against the weights that remain; dashed the dense networks, "
    "each that measured differently once. The early-stop step is that of minimum validation loss; the test set selects "
    "nothing."
)
_WINS = (
    "Test accuracies at early stop, by the means. A level wins when it stops no later than its own run's dense network "
    "and is no less accurate there."
)


def write_comparison(comparison: Comparison, folder: Path, measures: Sequence[str], command: str) -> Path:
    """Write the table, the figure and `compare.html` into the folder; the path of the page."""
    rows = comparison.rows()
    reports.write_table(rows, folder / "tables", "comparison")
    figure = comparison_figure(comparison.lines, comparison.denses, measures)
    _, svg = reports.save_figure(figure, folder / "figures", "comparison")
    picture = Picture(reports.inline_svg(svg.read_text(encoding="utf-8"), alt=f"Figure: {_CAPTION}"), _CAPTION)
    notes = (Section("Before you compare", (Points(tuple(comparison.notes)),)),) if comparison.notes else ()
    everything = Table.of(rows, _NUMBERS, "Every series and level. Also in tables/comparison.csv and .parquet.")
    sections = (
        *notes,
        Section("Side by side", (picture, Table.of(comparison.overview(), _OVERVIEW, _WINS))),
        Section("Numbers", (Details("Every series and level", (everything,)),)),
        Section("What differs between the recipes", (_differences(comparison),)),
        Section("How to make this page again", (Code(command or _command(comparison)), *_origins(comparison))),
    )
    labels = "; ".join(run.label for run in comparison.runs)
    lead = f"{_counted(len(comparison.runs), 'run')}, {len(comparison.lines)} series: {labels}."
    return reports.write_page(Page("Lottery tickets compared", lead, sections), comparison.page)


def _differences(comparison: Comparison) -> Table | Prose:
    """A row per field, a column per run."""
    labels = [run.label for run in comparison.runs]
    if not comparison.differences:
        return Prose(
            "Nothing: there is one run." if len(labels) == 1 else "Nothing: the recipes and the data are equal."
        )
    rows: list[dict[str, Any]] = [
        {"field": name, **{str(k): written(value) for k, value in enumerate(values)}}
        for name, values in comparison.differences.items()
    ]
    columns = [Column("field", "Field"), *(Column(str(k), label) for k, label in enumerate(labels))]
    return Table.of(rows, columns, "The fields in which not all recipes agree.")


def _origins(comparison: Comparison) -> tuple[Details, ...]:
    """The command that made each run."""
    commands = "\n".join(
        f"# {run.label}, run {run.header['id'][:SHORT_ID]}\n{run.header.get('command') or 'made from Python'}"
        for run in comparison.runs
    )
    return (Details("How each run was made", (Code(commands),)),)


def _command(comparison: Comparison) -> str:
    return f"winnow tickets compare {' '.join(str(run.folder.path) for run in comparison.runs)}"


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
