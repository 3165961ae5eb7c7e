"""What a comparison holds: its runs, its series, and the rows of its tables. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.storage import RunFolder
from winnow.tickets.comparison.figures import Dense, Line
from winnow.tickets.findings import wins
from winnow.tickets.recipe import TICKET
from winnow.tickets.summary import LevelSummary, as_rows, series


@dataclass(frozen=True)
class ComparedRun:
    """A run of a comparison.

    Attributes:
        header: contents of its `recipe.json`.
        label: what tells it from the others.
        summary: what it measured.
        finished: how many levels are done, level 0 included.
        wanted: how many the recipe asks for.
    """

    folder: RunFolder
    header: dict[str, Any]
    label: str
    summary: list[LevelSummary]
    finished: int
    wanted: int


@dataclass(frozen=True)
class Comparison:
    """Runs and branches side by side.

    Attributes:
        runs: in the order given.
        lines: the series, run by run.
        denses: the distinct dense networks.
        differences: the recipe's fields that differ, with each run's value.
        notes: warnings where numbers are not comparable, and what is missing.
        page: `compare.html`; `tables/` and `figures/` stand beside it.
    """

    runs: list[ComparedRun]
    lines: list[Line]
    denses: list[Dense]
    differences: dict[str, list[Any]]
    notes: list[str]
    page: Path

    def rows(self) -> list[dict[str, Any]]:
        """The numbers: series, run, branch, level, density and measures in percent; one row per series and level."""
        return [
            {"series": line.label, "run": self.runs[line.run].label, **row}
            for line in self.lines
            for row in as_rows(line.levels)
        ]

    def overview(self) -> list[dict[str, Any]]:
        """Per series: its sparsest level, its most accurate one, and the sparsest that wins over the dense network."""
        return [_overview(line, self.runs[line.run].summary) for line in self.lines]


def _overview(line: Line, summary: Sequence[LevelSummary]) -> dict[str, Any]:
    pruned = [level for level in line.levels if level.level > 0] or list(line.levels)
    dense = next((level for level in series(summary, TICKET) if level.level == 0), None)
    sparsest = min(pruned, key=lambda level: level.density_percent)
    best = max(pruned, key=lambda level: level.test_accuracy.mean)
    winners = [
        level.density_percent for level in pruned if level.level > 0 and dense is not None and wins(level, dense)
    ]
    return {
        "series": line.label,
        "replicates": sparsest.replicates,
        "sparsest_percent": sparsest.density_percent,
        "test_accuracy_percent_there": 100 * sparsest.test_accuracy.mean,
        "best_test_accuracy_percent": 100 * best.test_accuracy.mean,
        "best_at_percent": best.density_percent,
        "sparsest_winning_percent": min(winners, default=None),
    }
