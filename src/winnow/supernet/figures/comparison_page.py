"""The pages of studies of many runs: an ablation, and a transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from winnow import reports
from winnow.reports import Column, Facts, Page, Points, Section, Table
from winnow.storage import RunFolder
from winnow.supernet.figures.comparison_findings import findings
from winnow.supernet.figures.dots import Outcome, dots
from winnow.supernet.figures.drawn import Drawn
from winnow.supernet.figures.effects import effects
from winnow.supernet.figures.origin import PAGE, origin
from winnow.supernet.figures.tradeoff import NetworkPoint, tradeoff
from winnow.supernet.figures.words import counted, metric_word
from winnow.supernet.studies import ABLATIONS, ARMS, PIPELINES, Comparison

_ARMS = (
    Column("arm", "Arm"),
    Column("sparsity", "Sparsity", "g"),
    Column("row", "Network"),
    Column("seeds", "Seeds"),
    Column("test_mean", "Test (%), mean", ".2f"),
    Column("test_low", "95%, low", ".2f"),
    Column("test_high", "high", ".2f"),
    Column("difference_mean", "Difference (points), mean", "+.2f"),
    Column("difference_low", "95%, low", "+.2f"),
    Column("difference_high", "high", "+.2f"),
    Column("sign_p", "Sign test p", ".2f"),
    Column("weights", "Weights that remain", ",.0f"),
    Column("macs", "MACs, dense", ",.0f"),
    Column("sparse_macs", "MACs, true sparse", ",.0f"),
    Column("steps", "Updates", ",d"),
)
_PERCENTS = ("test_mean", "test_low", "test_high", "difference_mean", "difference_low", "difference_high")


def write_ablation_page(comparison: Comparison, command: str = "") -> Path:
    """Write `report.html`, `figures/` and `tables/` into an ablation's folder.

    Args:
        comparison: of the finished cells.
        command: what makes it again; the one that the study notes when empty.

    Returns:
        The path of the page, which needs no other file.

    Raises:
        WinnowError: WN-R05 when there is no study, WN-S01 or WN-S02 when the folder cannot be written.
    """
    title = "Pipelines at equal compute"
    caption = "Every pipeline takes the same number of updates. The dashed line is two-in-one training, in grey."
    return _write(comparison, command, title, caption)


def write_transfer_page(comparison: Comparison, command: str = "") -> Path:
    """The same of a transfer to another task; see `write_ablation_page`."""
    title = "What a ticket is worth on another task"
    caption = (
        "Every arm takes the same number of updates on the target, and its head always starts from scratch. The dashed "
        "line is two-in-one training on the target itself, in grey."
    )
    return _write(comparison, command, title, caption)


def _write(comparison: Comparison, command: str, title: str, caption: str) -> Path:
    folder = comparison.folder
    blocks = [Points(tuple(findings(comparison)))]
    sections = (
        Section("What was found", (*blocks, *([_arms(comparison)] if comparison.arms else []))),
        *(drawn.section(folder) for drawn in _figures(comparison, title, caption)),
        Section("What the arms are", (Facts(tuple(_abouts(comparison))),)),
        *origin(folder, command, _data(folder)),
    )
    return reports.write_page(Page(title, _lead(comparison), sections), folder / PAGE)


def _lead(comparison: Comparison) -> str:
    networks = comparison.networks
    arms = counted(len({row["arm"] for row in networks}), "arm")
    seeds = counted(len({row["seed"] for row in networks}), "seed")
    sparsities = ", ".join(f"{value:g}" for value in sorted({row["sparsity"] for row in networks}))
    return f"{arms} on {seeds}, compared with {comparison.reference} at sparsity {sparsities or 'none yet'}."


def _figures(comparison: Comparison, title: str, caption: str) -> Iterator[Drawn]:
    rows = comparison.networks
    metric = metric_word(rows[0]["metric"]) if rows else "accuracy"
    outcomes = [
        Outcome(f"{row['row']}, sparsity {row['sparsity']:g}", row["arm"], row["seed"], row["test"])
        for row in sorted(rows, key=lambda row: (row["row"], row["sparsity"], row["arm"] != comparison.reference))
    ]
    found = (
        dots(outcomes, "arms", title, caption, f"Test {metric}", comparison.reference),
        *(tradeoff(_points(rows, row), metric, f"tradeoff_{row}", f"What it costs, {row}") for row in _rows(rows)),
        effects(comparison.effects, f"test {metric}"),
    )
    return (drawn for drawn in found if drawn is not None)


def _rows(networks: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(network["row"] for network in networks))


def _points(networks: Sequence[Mapping[str, Any]], row: str) -> list[NetworkPoint]:
    """Of an arm that stands at every sparsity, each network once."""
    points = [
        NetworkPoint(n["arm"], f"{n['masked']:.3f}", n["seed"], n["sparse_macs"], n["weights"], n["test"])
        for n in networks
        if n["row"] == row
    ]
    return list(dict.fromkeys(points))


def _arms(comparison: Comparison) -> Table:
    """A difference that is not there is a dash: the reference has none to itself."""
    rows = [
        {**row, **{key: None if row.get(key) is None else 100 * row[key] for key in _PERCENTS}}
        for row in comparison.arms
    ]
    word = metric_word(comparison.arms[0]["metric"])
    caption = (
        f"Test {word} of every arm over seeds, and its difference to {comparison.reference} seed by seed; intervals "
        "are Student's t. Also in tables/arms.csv; every network in tables/networks.csv."
    )
    return Table.of(rows, _ARMS, caption)


def _abouts(comparison: Comparison) -> Iterator[tuple[str, str]]:
    known = {**PIPELINES, **ABLATIONS, **ARMS}
    for arm in dict.fromkeys(row["arm"] for row in comparison.networks):
        yield arm, known[arm].about if arm in known else "not known to this version"


def _data(folder: Path) -> dict[str, Any]:
    """What the cells tell of their data: they share it."""
    cells = sorted((folder / "cells").glob("*/recipe.json"))
    headers = (RunFolder(cell.parent).header() for cell in cells if not cell.parent.name.startswith("source-"))
    return next((header["data"] for header in headers if "data" in header), {})
