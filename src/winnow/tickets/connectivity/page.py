"""The page of a stability measurement: what was found, the figures, the numbers behind them. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from winnow import reports
from winnow.core import plain
from winnow.reports import Code, Column, Details, Facts, Page, Picture, Points, Prose, Section, Table
from winnow.tickets.connectivity import figures
from winnow.tickets.connectivity.results import Connection, Series
from winnow.tickets.connectivity.settings import DENSE, STABLE_BELOW

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "connect.html"
_COLUMNS = (
    Column("series", "Mask"),
    Column("density_percent", "Weights remaining (%)", ".2f"),
    Column("step", "Children part at step", ",d"),
    Column("paths", "Paths"),
    Column("barrier_mean", "Barrier (points), mean", ".2f"),
    Column("barrier_min", "min", ".2f"),
    Column("barrier_max", "max", ".2f"),
    Column("ends", "Error of the ends (%), mean", ".2f"),
)
_WORDS = (
    "Children: networks trained from one checkpoint, with the same mask, each under its own data order.",
    "Barrier (error barrier, instability): the highest error on the straight line between two children minus the mean "
    "error of the two (Frankle et al. 2020, section 2).",
    f"Stable: a barrier below {STABLE_BELOW:g} percentage points. The onset is the first step from which on every "
    "measured step is stable.",
)
_STATISTICS = {
    "recompute": "Running statistics of batch normalisation were recomputed on training batches at every point.",
    "interpolate": "Running statistics of batch normalisation were interpolated like weights.",
    "none": "The network keeps no running statistics.",
}


def write_connect_page(connection: Connection, command: str = "") -> Path:
    """Write `connect.html` and `figures/` into the measurement's folder.

    Args:
        command: what measures this again.

    Returns:
        The path of the page.

    Raises:
        WinnowError: WN-S01 or WN-S02 when the folder cannot be written.
    """
    lines = connection.series()
    sections = (
        Section("What was found", (Points(sentences(connection)), Details("What the words mean", (Points(_WORDS),)))),
        Section("Barriers", (_barriers(connection), *(Prose(_STATISTICS[way]) for way in connection.batchnorm))),
        Section("Along the paths", (_paths(connection),)),
        Section("Numbers", (_table(connection, lines),)),
        *((Section("How to measure it again", (Code(command),)),) if command else ()),
        Section("Settings", (Facts.of(plain(connection.settings)),)),
    )
    runs = list(dict.fromkeys(row["run"] for row in connection.paths))
    lead = f"{', '.join(runs)}: error barriers between networks trained from one checkpoint under different data order."
    return reports.write_page(Page("Stability: linear mode connectivity", lead, sections), connection.out / PAGE)


def sentences(connection: Connection) -> tuple[str, ...]:
    """One sentence for every kind of mask and density, true whatever came out."""
    return (*(_sentence(line) for line in connection.series()), *connection.notes)


def _sentence(line: Series) -> str:
    named = f"The {line.branch} network" if line.branch == DENSE else _subnetwork(line)
    barriers = ", ".join(f"{s.mean:.2f} at {step:,}" for step, s in zip(line.steps, line.barriers, strict=True))
    told = f"mean barriers in points, by step: {barriers}"
    if line.onset is None:
        return f"{named} is not stable at the last step that was measured, {line.steps[-1]:,} ({told})."
    if line.onset == line.steps[0]:
        return f"{named} is stable at every step that was measured, from {line.onset:,} on ({told})."
    return f"{named} is stable from step {line.onset:,} on, among the steps that were measured ({told})."


def _subnetwork(line: Series) -> str:
    kind = "ticket" if line.branch == "ticket" else f"subnetwork of a {line.branch} mask"
    return f"The {kind} with {reports.short_percent(line.density_percent)}% of the weights"


def _barriers(connection: Connection) -> Picture:
    caption = (
        f"Barrier in {connection.settings.split} error against the step at which the children part, on a logarithmic "
        f"axis with step 0 at its left. {_bars(connection, 'bars run')} Below the dashed line a network is stable."
    )
    return _picture(connection, "barriers", figures.barriers_figure(connection), caption)


def _paths(connection: Connection) -> Picture:
    caption = (
        f"{connection.settings.split.capitalize()} error of the networks on the straight line between two children, "
        f"{connection.settings.points} a path; a colour for every step at which the children part. "
        f"{_bars(connection, 'bands run')}"
    )
    return _picture(connection, "paths", figures.paths_figure(connection), caption)


def _bars(connection: Connection, what: str) -> str:
    count = max(len(spread.values) for line in connection.series() for spread in line.barriers)
    if count == 1:
        return "One path each."
    return f"Means over {count} paths (replicates and pairs of children); {what} from minimum to maximum."


def _picture(connection: Connection, name: str, figure: Figure, caption: str) -> Picture:
    _, svg = reports.save_figure(figure, connection.out / "figures", name)
    return Picture(reports.inline_svg(svg.read_text(encoding="utf-8"), alt=f"Figure: {caption}"), caption)


def _table(connection: Connection, lines: Sequence[Series]) -> Table:
    rows = [
        {
            "series": line.branch,
            "density_percent": line.density_percent,
            "step": step,
            "paths": len(barrier.values),
            **barrier.columns("barrier"),
            "ends": ends.mean,
        }
        for line in lines
        for step, barrier, ends in zip(line.steps, line.barriers, line.end_errors, strict=True)
    ]
    caption = (
        f"Barriers in {connection.settings.split} error. Every path, on every split, in tables/barriers.csv and "
        "tables/paths.csv, and as .parquet."
    )
    return Table.of(rows, _COLUMNS, caption)
