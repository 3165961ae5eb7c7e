"""The page of an audit: what was found, the curves, every case, and what was attacked. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from winnow import reports
from winnow.core import WinnowError
from winnow.ownership.attacks.figures import groups, survival_figure
from winnow.ownership.attacks.findings import findings, shown
from winnow.ownership.attacks.rows import Row, rows_of
from winnow.reports import Column, Details, Facts, Page, Picture, Points, Section, Table
from winnow.storage import RunFolder, read_json

_COLUMNS = (
    Column("attack", "Attack"),
    Column("shown_strength", "Strength"),
    Column("seed", "Seed"),
    Column("outcome", "Verdict"),
    Column("errors", "Wrong bits"),
    Column("log2_p", "log2 p", ".1f"),
    Column("log2_p_adjusted", "log2 p, adjusted", ".1f"),
    Column("decodes", "Payload decodes"),
    Column("accuracy_percent", "Accuracy (%)", ".2f"),
    Column("lost_points", "Lost (points)", ".2f"),
    Column("density_percent", "Weights remaining (%)", ".2f"),
    Column("trigger_hits", "Trigger hits"),
    Column("trigger_log2_p", "their log2 p", ".1f"),
    Column("claimed_log2_p", "log2 p as claimed", ".1f"),
    Column("note", "Note"),
)

_WORDS = (
    "p: how probable it is that an independent network agrees with so many of the sent bits or more; exact, from the "
    "binomial law. Adjusted: times the keys, places, alignments and readings that were tried.",
    "Verdict: match when the adjusted p is at most the claim's threshold; inconclusive where nobody could look.",
    "Payload decodes: the code corrects the wrong bits. Evidence outlives it: many wrong bits still leave a small p.",
    "Lost: percentage points of test accuracy against the released model; on another task there is nothing to compare.",
    "log2 p as claimed: what a false accuser would show, before the judge counts his tries or reads for himself.",
)


def write_report(folder: Path | str) -> Path:
    """Write `report.html`, `figures/` and `tables/` into an audit's folder, from the cases that are done.

    Returns:
        The path of the page.

    Raises:
        WinnowError: WN-R05 when there is no audit here or no case is done, WN-S01 to WN-S03 as for every file.
    """
    run = RunFolder.open(folder)
    claim, rows = run.header()["recipe"], rows_of(folder)
    if not rows:
        raise WinnowError("WN-R05", "no case is done", where=run.path, fix="Run the audit again: it resumes.")
    reports.write_table(rows, run.path / "tables", "cases")
    page = Page(
        f"{claim['ticket']}: how its mark stands up",
        _lead(rows, claim),
        (
            Section(
                "What was found", (Points(tuple(findings(rows))), Details("What the words mean", (Points(_WORDS),)))
            ),
            *_curves(run, rows, claim),
            Section("Every case", (_table(rows),)),
            Section("What was attacked", (Facts.of(claim), *_environment(run))),
        ),
    )
    return reports.write_page(page, run.report)


def _lead(rows: Sequence[Row], claim: Mapping[str, Any]) -> str:
    attacks = len({row["attack"] for row in rows if row["family"] != "baseline"})
    budget = claim["budget"]
    return (
        f"{len(rows)} cases of {attacks} attacks. A retraining has {budget['steps']} steps of {budget['batch']}. "
        f"The mark sends {claim['bits']} bits; a match needs an adjusted p of at most 2^{claim['threshold_log2']:g}."
    )


def _curves(run: RunFolder, rows: Sequence[Row], claim: Mapping[str, Any]) -> list[Section]:
    """A section per family, with a figure per unit of strength."""
    pictures: dict[str, list[Picture]] = {}
    for number, ((family, unit), names) in enumerate(groups(rows).items(), start=1):
        figure = survival_figure(rows, names, claim)
        if figure is None:
            continue
        _, svg = reports.save_figure(figure, run.path / "figures", f"{number:02d}-{family}")
        caption = _caption(rows, names, unit)
        picture = Picture(reports.inline_svg(svg.read_text(encoding="utf-8"), alt=f"Figure: {caption}"), caption)
        pictures.setdefault(family, []).append(picture)
    return [Section(family.capitalize(), tuple(own)) for family, own in pictures.items()]


def _caption(rows: Sequence[Row], names: Sequence[str], unit: str) -> str:
    seeds = {row["seed"] for row in rows if row["attack"] in names}
    over = f"Means over {len(seeds)} seeds; bands run from minimum to maximum." if len(seeds) > 1 else "One seed."
    return f"Evidence and accuracy against the {unit}. Lower is stronger evidence. {over}"


def _table(rows: Sequence[Row]) -> Table:
    used = [column for column in _COLUMNS if any(_printed(row).get(column.key) is not None for row in rows)]
    return Table.of([_printed(row) for row in rows], used, "Also in tables/cases.csv and .parquet.")


def _printed(row: Row) -> dict[str, Any]:
    def scaled(key: str) -> float | None:
        return None if row.get(key) is None else 100 * row[key]

    decoded = row.get("decoded")
    return {
        **row,
        "shown_strength": shown(row["strength"], row["unit"]) if row["unit"] else "-",
        "decodes": None if decoded is None else "yes" if decoded else "no",
        "accuracy_percent": scaled("accuracy"),
        "lost_points": scaled("accuracy_lost"),
        "density_percent": scaled("density"),
    }


def _environment(run: RunFolder) -> tuple[Details, ...]:
    file = run.path / "environment.json"
    return (Details("Environment", (Facts.of(read_json(file)),)),) if file.is_file() else ()
