"""The anatomy of a run's tickets: start weights, connectivity, dead units, overlap of replicates, size and work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.storage import RunFolder
from winnow.tickets.analysis.material import Material, gather
from winnow.tickets.analysis.overlap import overlap_rows
from winnow.tickets.analysis.page import write_analysis
from winnow.tickets.analysis.savings import saving_rows
from winnow.tickets.analysis.units import Wiring, layer_rows, unit_rows, wirings
from winnow.tickets.analysis.weights import histogram_rows, weight_rows
from winnow.tickets.analysis.words import sentences
from winnow.tickets.summary import LevelSummary, series, summarise

TABLES = ("savings", "weights", "histograms", "units", "layers", "overlap")


@dataclass(frozen=True)
class Analysis:
    """What an analysis found.

    Attributes:
        page: `analysis.html`; `tables/` and `figures/` stand beside it.
        densities: percent of prunable weights that remain, mean over replicates, by level.
        tables: rows by name: "savings" (size, multiply-adds, accuracy), "weights" (start weights and movement),
            "histograms", "units" (quantiles of connectivity), "layers" (densities, dead units), "overlap" (pairs of
            replicates).
        findings: sentences about the sparsest level.
        notes: what is not known, and why.
    """

    page: Path
    densities: Mapping[int, float]
    tables: Mapping[str, list[dict[str, Any]]]
    findings: tuple[str, ...]
    notes: tuple[str, ...]


def analyse(run: RunFolder | Path | str, levels: Sequence[int] = ()) -> Analysis:
    """Analyse the tickets of a run's finished levels and write `analysis/` into its folder.

    Args:
        run: the run, or its folder.
        levels: which to analyse beside the dense network; all finished ones when none is given.

    Raises:
        WinnowError: WN-R05 when there is no run or no level has finished, WN-R06 for a level that is not there, WN-S01
            to WN-S03 as for every file.
    """
    material = gather(run, levels)
    measured = {level.level: level for level in series(summarise(material.run.metrics), "ticket")}
    dense = [ticket.start for ticket in material.tickets(0)]
    wired = wirings(material.module)
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    densities: dict[int, float] = {}
    for level in material.levels:
        found, densities[level] = _of_level(material, level, dense, wired, measured.get(level))
        for name, rows in found.items():
            tables[name] += rows
    said = sentences(tables, densities)
    page = write_analysis(
        material.run.path / "analysis", material.run.header(), tables, densities, said, material.notes
    )
    return Analysis(page, densities, tables, tuple(said), material.notes)


def _of_level(
    material: Material, level: int, dense: Sequence[Any], wired: Mapping[str, Wiring], measured: LevelSummary | None
) -> tuple[dict[str, list[dict[str, Any]]], float]:
    """The rows of one level by table, and its density in percent; one level's tickets are in memory at a time."""
    tickets = material.tickets(level)
    masks = [ticket.mask for ticket in tickets]
    found = {
        "savings": saving_rows(material, level, masks, measured),
        "weights": weight_rows(level, tickets, dense),
        "histograms": histogram_rows(level, tickets, dense),
        "units": unit_rows(level, masks, wired),
        "layers": layer_rows(level, masks, wired),
        "overlap": overlap_rows(level, masks),
    }
    return found, 100 * sum(mask.density for mask in masks) / len(masks)
