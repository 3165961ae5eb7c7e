"""The page of an analysis: what it shows, the figures, the numbers per level and layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow import reports
from winnow.reports import Code, Column, Details, Page, Picture, Points, Prose, Section, Table
from winnow.storage.runs import SHORT_ID
from winnow.tickets.analysis import figures
from winnow.tickets.analysis.panels import shown_layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tables = Mapping[str, Sequence[Mapping[str, Any]]]

_SAVINGS = (
    Column("level", "Level"),
    Column("replicate", "Replicate"),
    Column("density_percent", "Weights remaining (%)", ".2f"),
    Column("parameters_left", "Parameters left", ",.0f"),
    Column("compression", "Compression ratio", ".2f"),
    Column("speed_up", "Theoretical speed-up", ".2f"),
    Column("test_accuracy_percent", "Test accuracy at early stop (%)", ".2f"),
)
_WEIGHTS = (
    Column("level", "Level"),
    Column("layer", "Layer"),
    Column("replicate", "Replicate"),
    Column("kept", "Weights kept", ",.0f"),
    Column("near_zero_percent", "Near zero at start (%)", ".1f"),
    Column("near_zero_percent_all", "of all (%)", ".1f"),
    Column("moved_deviations", "Moved (deviations), mean", ".3f"),
    Column("sign_changed_percent", "Sign changed (%)", ".1f"),
)
_LAYERS = (
    Column("level", "Level"),
    Column("layer", "Layer"),
    Column("replicate", "Replicate"),
    Column("density_percent", "Weights remaining (%)", ".2f"),
    Column("units", "Units", ",.0f"),
    Column("units_without_incoming", "without incoming", ",.0f"),
    Column("inputs", "Inputs", ",.0f"),
    Column("inputs_without_outgoing", "without outgoing", ",.0f"),
)
_OVERLAP = (
    Column("level", "Level"),
    Column("layer", "Layer"),
    Column("replicate", "Replicate"),
    Column("other", "Other"),
    Column("overlap", "Overlap", ".4f"),
    Column("expected", "By chance", ".4f"),
)
_SAVED = (
    "Compression ratio is all parameters (weights, biases, and the scales and shifts of norms) over those that remain; "
    "theoretical speed-up is the multiply-adds of linear layers and convolutions over those of the weights that remain "
    "(Blalock et al. 2020). Neither is a measured speed: winnow tickets bench measures that."
)


def write_analysis(
    folder: Path,
    header: Mapping[str, Any],
    tables: Tables,
    densities: Mapping[int, float],
    said: Sequence[str],
    notes: Sequence[str],
) -> Path:
    """Write tables, figures and `analysis.html` into the folder; the path of the page."""
    for name, rows in tables.items():
        if rows:
            reports.write_table(rows, folder / "tables", name)
    name = header.get("recipe", {}).get("name") or "run"
    lead = (
        f"Run {header['id'][:SHORT_ID]}: levels {', '.join(map(str, densities))}; what its masks keep, against the "
        "dense network."
    )
    sections = (
        Section("What was found", (Points(tuple(said)), *(Prose(note) for note in notes))),
        *_savings(folder, tables),
        *_weights(folder, header, tables, densities),
        *_units(folder, tables, densities),
        *_overlap(folder, tables, densities),
        Section("How to make this page again", (Code(_command(folder, densities)),)),
    )
    return reports.write_page(Page(f"{name}: anatomy of its tickets", lead, sections), folder / "analysis.html")


def _command(folder: Path, densities: Mapping[int, float]) -> str:
    return f"winnow tickets analyse {folder.resolve().parent.name} --levels {' '.join(map(str, densities))}"


def _savings(folder: Path, tables: Tables) -> tuple[Section, ...]:
    rows = tables["savings"]
    table = Details("The numbers per level", (_table(rows, _SAVINGS, "Size and work of every ticket.", "savings"),))
    known = [row for row in rows if row["compression"] is not None and row["test_accuracy_percent"] is not None]
    if not known:
        return (Section("What the masks save", (table,)),)
    caption = f"{_SAVED} Means over replicates; bars run from minimum to maximum."
    picture = _picture(folder, "savings", figures.savings_figure(rows), caption)
    return (Section("What the masks save", (picture, table)),)


def _weights(
    folder: Path, header: Mapping[str, Any], tables: Tables, densities: Mapping[int, float]
) -> tuple[Section, ...]:
    rewind = str(header.get("recipe", {}).get("rewind", "0it"))
    start = "initial weights" if rewind.startswith("0") else f"weights at the rewind step {rewind}"
    caption = (
        f"Where the surviving weights start: density curves of the {start} of the weights that remain, dashed those of "
        f"all weights; all replicates together{_some(tables['histograms'])}. Two humps mean that small weights were "
        "pruned."
    )
    histograms = tables["histograms"]
    blocks: list[Any] = [
        _picture(folder, "start_weights", figures.weights_figure(histograms, densities, "start"), caption)
    ]
    if any(row["of"] == "moved" for row in histograms):
        caption = (
            "How far training moves the weights that remain: trained minus start weight, the central 99.5% of every "
            f"level{_some(histograms)}."
        )
        figure = figures.weights_figure(histograms, densities, "moved")
        blocks.append(_picture(folder, "moved_weights", figure, caption))
    table = _table(
        tables["weights"], _WEIGHTS, "Near zero: below half a deviation of the layer's start weights.", "weights"
    )
    return (Section("Start weights of the survivors", (*blocks, Details("The numbers per layer", (table,)))),)


def _units(folder: Path, tables: Tables, densities: Mapping[int, float]) -> tuple[Section, ...]:
    if len(densities) < 2 or not tables["units"]:
        return ()
    caption = (
        "What remains of the incoming connections of each unit and of the outgoing ones of each input of a layer, "
        f"units in order; means over replicates{_some(tables['units'], 4)}. Flat: all units lost alike."
    )
    table = _table(tables["layers"], _LAYERS, "Density and dead units of every layer.", "layers")
    blocks = (
        _picture(folder, "unit_connectivity", figures.units_figure(tables["units"], densities), caption),
        _dead(folder, tables["layers"], densities),
        Details("The numbers per layer", (table,)),
    )
    return (Section("Connectivity of units", blocks),)


def _dead(folder: Path, layers: Sequence[Mapping[str, Any]], densities: Mapping[int, float]) -> Picture | Prose:
    if not any(row["units_without_incoming"] or row["inputs_without_outgoing"] for row in layers):
        return Prose("No unit lost all of its incoming connections, and no input of a layer all of its outgoing ones.")
    caption = (
        "Units that lost all incoming connections, and inputs (units of the layer before, pixels or channels) that no "
        f"unit of the layer reads any more{_some(layers, 4)}. Means over replicates; bars run from minimum to maximum."
    )
    return _picture(folder, "dead_units", figures.dead_figure(layers, densities), caption)


def _overlap(folder: Path, tables: Tables, densities: Mapping[int, float]) -> tuple[Section, ...]:
    rows = tables["overlap"]
    if len(densities) < 2:
        return ()
    if not rows:
        return (Section("Do replicates agree?", (Prose("One replicate: there are no two masks to compare."),)),)
    caption = (
        "Overlap of the masks of two replicates: weights that both keep over weights that either keeps; dashed what "
        f"two masks of these densities share by chance, and below what is beyond it{_some(rows, 4)}. Means over pairs; "
        "bars run from minimum to maximum."
    )
    table = _table(rows, _OVERLAP, "Every pair of replicates.", "overlap")
    picture = _picture(folder, "overlap", figures.overlap_figure(rows, densities), caption)
    return (Section("Do replicates agree?", (picture, Details("The numbers per layer", (table,)))),)


def _some(rows: Sequence[Mapping[str, Any]], most: int = 8) -> str:
    """Says so where a figure shows some of the layers."""
    layers = len({row["layer"] for row in rows})
    shown = len(shown_layers(rows, most))
    return f"; {shown} of {layers} layers" if shown < layers else ""


_PRINTED = 120  # rows: a page of thousands helps nobody, and the file has them all


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], caption: str, name: str) -> Table:
    printed = list(rows)
    note = f"All rows are in tables/{name}.csv and .parquet."
    if len(rows) > _PRINTED:
        last = max(row["level"] for row in rows)
        printed = [row for row in rows if row["level"] == last][:_PRINTED]
        note = f"Level {last} only. {note}"
    return Table.of(printed, columns, f"{caption} {note}")


def _picture(folder: Path, name: str, figure: Figure, caption: str) -> Picture:
    _, svg = reports.save_figure(figure, folder / "figures", name)
    return Picture(reports.inline_svg(svg.read_text(encoding="utf-8"), alt=f"Figure: {caption}"), caption)
