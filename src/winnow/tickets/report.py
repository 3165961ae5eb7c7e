"""The page of a ticket run: what was found, the figures, the numbers behind them, and how to run it again. No torch."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from winnow import reports
from winnow.core import WinnowError
from winnow.reports import Column, Details, Facts, Page, Picture, Points, Prose, Section, Table
from winnow.storage import RunFolder, read_json
from winnow.storage.runs import SHORT_ID
from winnow.tickets import figures
from winnow.tickets.findings import findings
from winnow.tickets.legend import count, legend
from winnow.tickets.marks import executions
from winnow.tickets.summary import LevelSummary, as_rows, layer_densities, series, summarise

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FirstLayer = tuple[np.ndarray, tuple[int, int, int]]

_COLUMNS = (
    Column("branch", "Branch"),
    Column("level", "Level"),
    Column("density_percent", "Weights remaining (%)", ".2f"),
    Column("replicates", "Replicates"),
    Column("early_stop_step_mean", "Early-stop step, mean", ",.0f"),
    Column("test_accuracy_percent_mean", "Test accuracy there (%), mean", ".2f"),
    Column("test_accuracy_percent_min", "min", ".2f"),
    Column("test_accuracy_percent_max", "max", ".2f"),
    Column("validation_accuracy_percent_mean", "Validation accuracy there (%), mean", ".2f"),
    Column("final_test_accuracy_percent_mean", "Final test accuracy (%), mean", ".2f"),
    Column("final_train_accuracy_percent_mean", "Final training accuracy (%), mean", ".2f"),
)


def write_report(run: RunFolder, first_layer: FirstLayer | None = None) -> Path:
    """Write `report.html`, `figures/` and `tables/` into the run folder, from what has finished so far.

    Args:
        first_layer: the first layer's mask, bool [units, inputs], and its image shape (channels, height, width); left
            out, the page has no picture of it.

    Returns:
        The path of the page.

    Raises:
        WinnowError: WN-R05 when there is no run or nothing of it has finished, WN-P02 when mask and image do not fit,
            WN-S01 to WN-S03 as for every file.
    """
    header = RunFolder.open(run.path).header()
    summary = summarise(run.metrics)
    if not summary:
        raise WinnowError("WN-R05", "no level has finished", where=run.path, fix="Run the recipe again: it resumes.")
    name = _name(run, header)
    reports.write_table(as_rows(summary), run.path / "tables", "summary")
    sections = (
        Section("What was found", (Points(tuple(findings(summary, header.get("recipe")))), legend(summary))),
        *_figure_sections(run, summary, first_layer),
        Section("Numbers", (_summary_table(summary),)),
        *_origin(run, header, header.get("command") or f"winnow tickets find {name}"),
    )
    page = Page(f"{name}: lottery tickets", _lead(header, summary), sections)
    return reports.write_page(page, run.report)


def _name(run: RunFolder, header: dict[str, Any]) -> str:
    """The recipe's own name, or that of its folder, `<recipe>-<id>`."""
    recipe = header.get("recipe", {})
    return str(recipe.get("name") or run.path.resolve().name.removesuffix(f"-{header['id'][:SHORT_ID]}"))


def _lead(header: dict[str, Any], summary: Sequence[LevelSummary]) -> str:
    tickets = series(summary, "ticket") or list(summary)
    densest, sparsest = (reports.short_percent(level.density_percent) for level in (tickets[0], tickets[-1]))
    weights = f"{densest}% of the weights" if len(tickets) == 1 else f"{densest}% to {sparsest}% of the weights"
    levels = "1 finished level" if len(tickets) == 1 else f"{len(tickets)} finished levels"
    return f"Run {header['id'][:SHORT_ID]}, started {_time(header['started'])}: {levels}, {weights}, {count(summary)}."


def _time(started: str) -> str:
    """ISO time as "2026-11-22 22:43 UTC"; what is no ISO time stays as it is."""
    try:
        moment = datetime.datetime.fromisoformat(started)
    except ValueError:
        return started
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _figure_sections(
    run: RunFolder, summary: Sequence[LevelSummary], first_layer: FirstLayer | None
) -> tuple[Section, ...]:
    several = any(level.replicates > 1 for level in summary)
    bars = f"Means over {count(summary)}; bars run from minimum to maximum." if several else "One replicate: no bars."
    bands = f"Means over {count(summary)}; bands run from minimum to maximum." if several else "One replicate."
    dense = "The dashed line is the dense network" + (", its band the range over replicates." if several else ".")
    early = _picture(
        run,
        "early_stop",
        figures.early_stop_figure(summary),
        f"When validation loss was lowest, against the weights that remain. {bars} {dense} Lower is sooner.",
    )
    accuracy = _picture(
        run,
        "test_accuracy",
        figures.accuracy_figure(summary),
        f"Test accuracy at the early-stop step, against the weights that remain. {bars} {dense}",
    )
    end = _picture(
        run,
        "end_accuracy",
        figures.end_accuracy_figure(summary),
        f"Test and training accuracy after the last step, against the weights that remain. {bars} {dense}",
    )
    curves = _picture(
        run,
        "learning_curves",
        figures.curves_figure(run.metrics, summary),
        "Validation accuracy during training; the first fifth may lie below the frame. Each line is the ticket with so "
        f"many percent of the weights; the dashed one, where there is one, is reinit. {bands}",
    )
    return (
        Section("Early stop and accuracy", (early, accuracy)),
        Section("After the last step", (end,)),
        Section("Learning curves", (curves,)),
        *_mask_section(run, summary, first_layer),
    )


def _mask_section(
    run: RunFolder, summary: Sequence[LevelSummary], first_layer: FirstLayer | None
) -> tuple[Section, ...]:
    """Where the weights are left: per layer, and per pixel when the first layer's mask is known."""
    blocks: list[Any] = []
    densities = layer_densities(run.metrics)
    if len({row["level"] for row in densities}) > 1:
        reports.write_table(densities, run.path / "tables", "layer_density")
        caption = (
            "How much of each layer remains after each round of pruning; layers pruned at one rate lie on each other. "
            f"Means over {count(summary)}."
        )
        figure = figures.layer_density_figure(run.metrics)
        blocks += [_picture(run, "layer_density", figure, caption), _layer_table(densities)]
    if first_layer is not None:
        mask, shape = first_layer
        caption = (
            f"The first layer's mask on images of {shape[1]} x {shape[2]} pixels. Left: how many weights of the "
            f"{len(mask)} units still read each pixel. "
            "Right: the pixels that single units still read, in dark. Channels are added up."
        )
        blocks.append(_picture(run, "first_layer_mask", figures.first_layer_mask(mask, shape), caption))
    return (Section("Where the weights are left", tuple(blocks)),) if blocks else ()


def _picture(run: RunFolder, name: str, figure: Figure, caption: str) -> Picture:
    _, svg = reports.save_figure(figure, run.path / "figures", name)
    return Picture(reports.inline_svg(svg.read_text(encoding="utf-8"), alt=f"Figure: {caption}"), caption)


def _summary_table(summary: Sequence[LevelSummary]) -> Table:
    caption = f"Every branch and level, over {count(summary)}. Also in tables/summary.csv and .parquet."
    return Table.of(as_rows(summary), _COLUMNS, caption)


def _layer_table(densities: Sequence[dict[str, Any]]) -> Details:
    rows: dict[int, dict[str, Any]] = {}
    for entry in densities:
        row = rows.setdefault(entry["level"], {"level": entry["level"]})
        row[entry["layer"]] = entry["density_percent"]
    layers = dict.fromkeys(entry["layer"] for entry in densities)
    columns = [Column("level", "Level"), *(Column(layer, layer, ".2f") for layer in layers)]
    caption = "Weights remaining per layer, in percent."
    return Details("The numbers per layer", (Table.of(list(rows.values()), columns, caption),))


def _origin(run: RunFolder, header: dict[str, Any], command: str) -> tuple[Section, ...]:
    """What the run was made from and on, and the command that makes it again."""
    short = header["id"][:SHORT_ID]
    again = Prose(
        f"This starts the run again. With the recipe and the data below it has the id {short}, which --dry-run prints; "
        "in the same folder it resumes."
    )
    more = {key: value for key, value in header.items() if key in ("data", "tensors") and value}
    recipe = [Facts.of({"id": header["id"], "started": header["started"], **header.get("recipe", {})})]
    folded = [Details(key.capitalize(), (Facts.of(_named(value)),)) for key, value in more.items()]
    sections = [
        Section("How to run it again", (reports.Code(command), again)),
        Section("Recipe", (*recipe, *folded)),
    ]
    file = run.path / "environment.json"
    if file.is_file():
        sections.append(Section("Environment", (Facts.of(read_json(file)), *_executed(run))))
    return tuple(sections)


def _executed(run: RunFolder) -> tuple[Details, ...]:
    """Which levels trained on dense tensors, which on stored weights, and why."""
    found = executions(run)
    return (Details("How each level was executed", (Facts.of(found),)),) if found else ()


def _named(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"value": value}
