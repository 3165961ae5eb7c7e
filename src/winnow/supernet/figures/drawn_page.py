"""The page of one run: what it found, the network as a picture, its costs layer by layer, and examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from winnow import reports
from winnow.core import WinnowError
from winnow.reports import Column, Details, Page, Points, Section, Table
from winnow.storage import read_json
from winnow.supernet.compact import BenchRow
from winnow.supernet.figures.curves import curves
from winnow.supernet.figures.drawn import Drawn
from winnow.supernet.figures.drawn_findings import Evidence, findings
from winnow.supernet.figures.importance import importance
from winnow.supernet.figures.latency import latency, latency_table
from winnow.supernet.figures.layers import layer_densities, layer_rows, layer_table
from winnow.supernet.figures.movement import movement
from winnow.supernet.figures.origin import PAGE, origin
from winnow.supernet.figures.picture import block_rows, picture
from winnow.supernet.figures.run import RunParts
from winnow.supernet.figures.words import counted, metric_word
from winnow.supernet.studies import DrawResult, Problem, problem_of
from winnow.supernet.tasks import trivial

_NETWORKS = (
    Column("row", "Network"),
    Column("steps", "Updates", ",d"),
    Column("units", "Units", ",d"),
    Column("weights", "Weights that remain", ",d"),
    Column("masked", "Masked (%)", ".2f"),
    Column("macs", "MACs, dense", ",d"),
    Column("sparse_macs", "MACs, true sparse", ",d"),
    Column("scaled_macs", "MACs, by overall density", ",d"),
    Column("validation", "Validation (%)", ".2f"),
    Column("test", "Test (%)", ".2f"),
)
_BLOCKS = (
    Column("block", "Block"),
    Column("units", "Units", ",d"),
    Column("dense_units", "of", ",d"),
    Column("tokens", "Tokens"),
    Column("parameters", "Weights", ",d"),
    Column("macs", "MACs", ",d"),
)


def write_draw_page(
    result: DrawResult, command: str = "", *, problem: Problem | None = None, bench: Sequence[BenchRow] = ()
) -> Path:
    """Write `report.html`, `figures/` (PNG and SVG) and `tables/` (CSV and Parquet) into the run's folder.

    Args:
        result: of a finished run.
        command: what makes it again; the one that the run notes when empty.
        problem: data and task, for examples and for the blind answer. When not given it is what the recipe names; where
            that cannot be loaded the page has neither.
        bench: of the network on this machine, when it was measured.

    Returns:
        The path of the page, which needs no other file.

    Raises:
        WinnowError: WN-R05 or WN-S03 when the run is not whole, WN-S01 or WN-S02 when the folder cannot be written.
    """
    parts, problem = RunParts.of(result), problem or _problem(result)
    blind = trivial(problem.data) if problem else {}
    evidence = Evidence(result, parts.architecture, parts.account, parts.events, blind)
    sections = (
        Section("What was found", (Points(tuple(findings(evidence))), _networks(result))),
        *(drawn.section(result.folder) for drawn in _figures(parts, result, problem, bench)),
        *_tables(parts, result, bench),
        *origin(result.folder, command, parts.data),
    )
    page = Page(f"{result.recipe.task}: {result.pipeline}", _lead(result, parts), sections)
    return reports.write_page(page, result.folder / PAGE)


def _problem(result: DrawResult) -> Problem | None:
    """Of data that have moved away since, the rest of the page can still be told."""
    try:
        return problem_of(result.recipe) if result.recipe.data else None
    except WinnowError:
        return None


def _lead(result: DrawResult, parts: RunParts) -> str:
    recipe, size = result.recipe, f"{result.recipe.height} x {result.recipe.width}"
    name = parts.data.get("name", "the data")
    steps = counted(result.last.steps, "update")
    return (
        f"A network of the {recipe.space} supernet for {recipe.task} on {name} ({size} pixels), pipeline "
        f"{result.pipeline}, {steps}, seed {recipe.seed}. Run {result.run_id[:8]}."
    )


def _networks(result: DrawResult) -> Table:
    rows = [
        {
            **{column.key: getattr(row, column.key, None) for column in _NETWORKS},
            "masked": 100 * row.sparsity,
            "validation": _percent(row.validation.get(result.metric)),
            "test": _percent(row.test.get(result.metric)),
        }
        for row in result.rows
    ]
    reports.write_table(rows, result.folder / "tables", "measured")
    word = metric_word(result.metric)
    return Table.of(rows, _NETWORKS, f"The networks of this run; validation and test are {word}. tables/measured.csv.")


def _figures(
    parts: RunParts, result: DrawResult, problem: Problem | None, bench: Sequence[BenchRow]
) -> Iterator[Drawn]:
    recipe = result.recipe
    threshold = recipe.threshold if recipe.search == "threshold" else None
    found = (
        picture(parts.architecture),
        parts.examples(problem) if problem else None,
        layer_densities(parts.account),
        movement(parts.events),
        curves(parts.metrics, result.metric),
        importance(parts.importances(), threshold),
        latency(bench, _machine(result.folder)),
    )
    return (drawn for drawn in found if drawn is not None)


def _tables(parts: RunParts, result: DrawResult, bench: Sequence[BenchRow]) -> Iterator[Section]:
    """Blocks and layers, folded: they are long."""
    reports.write_table(layer_rows(parts.account), result.folder / "tables", "layers_all")
    kernels = tuple(Column(f"k{kernel}", f"{kernel}x{kernel}", ",d") for kernel in parts.architecture.space.kernels)
    columns = (*_BLOCKS[:1], *kernels, *_BLOCKS[1:])
    blocks = Table.of(block_rows(parts.architecture), columns, "Every search block. Also in tables/architecture.csv.")
    layers = layer_table(parts.account)
    folded = [Details("Blocks", (blocks,)), Details("Layers", (layers,))]
    yield Section("In numbers", (*folded, *([Details("Latency", (latency_table(bench),))] if bench else [])))


def _machine(folder: Path) -> str:
    """Processor and cores, as the run's environment tells them."""
    file = folder / "environment.json"
    told = read_json(file) if file.is_file() else {}
    return f"{told['processor']}, {told['cores']} cores" if {"processor", "cores"} <= told.keys() else ""


def _percent(value: float | None) -> float | None:
    """None for what is no number."""
    return None if value is None or value != value else 100 * value
