"""The page of a study: what was found, every branch, the figures, and how to run it again."""

from __future__ import annotations

import base64
import html
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from winnow import reports
from winnow.core import plain
from winnow.grokking.figures.animation import write_animation
from winnow.grokking.figures.densities import density_rows
from winnow.grokking.figures.drawn import drawn_rows
from winnow.grokking.figures.findings import findings
from winnow.grokking.figures.panels import Quality
from winnow.grokking.figures.summary import COLUMNS, run_rows, summary_rows
from winnow.grokking.figures.supermasks import edge_popup_rows
from winnow.grokking.figures.table import FIGURES, FigureKind
from winnow.grokking.figures.words import legend
from winnow.grokking.studies.result import StudyResult
from winnow.reports import Code, Column, Details, Facts, Page, Picture, Points, Section, Table
from winnow.storage import read_json

PAGE = "report.html"
_EDGE_POPUP = (
    Column("branch", "Branch"),
    Column("step", "Step", ",d"),
    Column("seeds", "Seeds"),
    Column("mean", "Test, mean", ".4g"),
    Column("deviation", "standard deviation", ".3g"),
    Column("min", "lowest", ".4g"),
    Column("max", "highest", ".4g"),
)


def write_study_page(result: StudyResult, command: str, only: Collection[str] = ()) -> Path:
    """Write `report.html`, `figures/` (PNG and SVG) and `tables/` (CSV and Parquet) into the study's folder.

    Args:
        result: of the study, with one finished run or more.
        command: what runs it again; an empty one leaves that section out.
        only: names of the figures to draw, `FigureKind.name`; all that the study has runs for when empty.

    Returns:
        The path of the page, which needs no other file.

    Raises:
        WinnowError: WN-S01 or WN-S02 when the folder cannot be written.
    """
    tables = result.folder / "tables"
    rows = summary_rows(result)
    for name, table in (("branches", rows), ("runs", run_rows(result)), ("densities", density_rows(result))):
        if table:
            reports.write_table(table, tables, name)
    wanted = [kind for kind in FIGURES if not only or kind.name in only]
    drawn = [section for kind in wanted if (section := _figure(result, kind)) is not None]
    sections = (
        Section("What was found", (Points(tuple(findings(result))), legend(result))),
        Section("Branches", (_branches(result, rows),)),
        *drawn,
        *_missing([kind.title for kind in wanted], {section.heading for section in drawn}),
        *_origin(result, command),
    )
    return reports.write_page(Page(f"{result.recipe.task}: grokking", _lead(result), sections), result.folder / PAGE)


def _lead(result: StudyResult) -> str:
    recipe, seeds = result.recipe, {run.replicate for run in result.records}
    count = "1 seed" if len(seeds) == 1 else f"{len(seeds)} seeds"
    branches = "1 branch" if len(result.branches) == 1 else f"{len(result.branches)} branches"
    return (
        f"{branches} of the network {recipe.network} on {recipe.task}, {100 * recipe.fraction:g}% of the examples to "
        f"train on: {len(result.records)} finished runs over {count}."
    )


def _branches(result: StudyResult, rows: list[dict[str, object]]) -> Table:
    quality = Quality.of(result)
    caption = (
        f"Every branch; final test is {quality.label}. A median of times is over all seeds of the branch and missing "
        "where half or more never got there; the latest is missing where any did not. Also in tables/branches.csv; "
        "every run in tables/runs.csv."
    )
    return Table.of(rows, COLUMNS, caption)


def _figure(result: StudyResult, kind: FigureKind) -> Section | None:
    """The figure with its files, and what belongs beside it."""
    figure = kind.function(result)
    if figure is None:
        return None
    _, svg = reports.save_figure(figure, result.folder / "figures", kind.name)
    points = drawn_rows(figure)
    if points:
        reports.write_table(points, result.folder / "tables", f"figure_{kind.name}")
    caption = f"{kind.caption} Its numbers: tables/figure_{kind.name}.csv." if points else kind.caption
    picture = Picture(reports.inline_svg(svg.read_text(encoding="utf-8"), alt=f"Figure: {kind.caption}"), caption)
    return Section(kind.title, (picture, *_beside(result, kind)))


def _beside(result: StudyResult, kind: FigureKind) -> Iterator[Table | Picture]:
    if kind.name == "edge_popup":
        rows = edge_popup_rows(result)
        reports.write_table(rows, result.folder / "tables", "edge_popup")
        yield Table.of(rows, _EDGE_POPUP, f"Test {Quality.of(result).label} early on. Also in tables/edge_popup.csv.")
    if kind.name == "neuron_weights":
        path = write_animation(result, result.folder / "figures" / "neurons.gif")
        if path is not None:
            yield _moving(path)


def _moving(path: Path) -> Picture:
    """The GIF inside the page."""
    caption = (
        "The same over the kept steps of the first seed: the neurons with the largest weights at the end, in order of "
        "their frequency there, each frame on one scale per network. Also in figures/neurons.gif."
    )
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    image = f'<img src="data:image/gif;base64,{data}" alt="{html.escape(caption)}" style="display:block;width:100%">'
    return Picture(image, caption)


def _missing(wanted: Iterable[str], drawn: set[str]) -> tuple[Section, ...]:
    absent = tuple(title for title in wanted if title not in drawn)
    return (
        (Section("Not in this study", (Details("Figures that need other branches", (Points(absent),)),)),)
        if absent
        else ()
    )


def _origin(result: StudyResult, command: str) -> Iterator[Section]:
    """The command, the recipe, the splits and the environment."""
    if command:
        yield Section("How to run it again", (Code(command),))
    splits = {f"seed {run.replicate}": run.split for run in result.records}
    folded = Details("Splits of the seeds (SHA-256)", (Facts.of(splits),))
    yield Section("Recipe", (Facts.of(plain(result.recipe)), folded))
    file = result.folder / "environment.json"
    if file.is_file():
        yield Section("Environment", (Facts.of(read_json(file)),))
