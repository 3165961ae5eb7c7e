"""How long an image takes: dense, masked and compact networks side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from winnow.reports import Column, Table, theme
from winnow.supernet.compact import BenchRow
from winnow.supernet.figures.drawn import WIDE, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = (
    Column("variant", "Form"),
    Column("batch", "Batch"),
    Column("p50_ms", "Median (ms)", ".3g"),
    Column("p95_ms", "95th percentile (ms)", ".3g"),
    Column("times_dense", "Times as fast as dense", ".2f"),
    Column("difference", "Largest difference to masked", ".1e"),
    Column("note", "Note"),
)


def latency(bench: Sequence[BenchRow], machine: str = "", name: str = "latency") -> Drawn | None:
    """A panel per batch size, a bar per form of the network; None when none of them ran.

    Args:
        bench: as `winnow.supernet.compact.bench` gives it.
        machine: on which it was measured, for the caption.
        name: of the files.
    """
    if not any(row.latency for row in bench):
        return None
    forms = list(dict.fromkeys(row.variant for row in bench))
    place = f" Measured on {machine}." if machine else ""
    caption = (
        "Milliseconds for a batch: bars are medians, whiskers reach to the 95th percentile. The masked network has "
        f"its zeros in place, which save nothing.{place}"
    )
    alt = f"Bars of the milliseconds that a batch takes: {', '.join(forms)}."
    rows = latency_rows(bench)
    return Drawn(name, "How long it takes", _figure(rows, forms), caption, alt, rows)


def latency_rows(bench: Sequence[BenchRow]) -> list[dict[str, Any]]:
    """A row per form and batch; times are None where it did not run, which the note explains."""
    dense = {row.batch: row for row in bench if row.variant.startswith("dense")}
    return [
        {
            "variant": row.variant, "batch": row.batch,
            "p50_ms": row.latency.p50 if row.latency else None, "p95_ms": row.latency.p95 if row.latency else None,
            "times_dense": row.ratio(dense[row.batch]) if row.batch in dense else None,
            "difference": row.difference, "note": row.note,
        }
        for row in bench
    ]  # fmt: skip


def latency_table(bench: Sequence[BenchRow]) -> Table:
    """The same for the page."""
    return Table.of(
        latency_rows(bench), _COLUMNS, "Every form of the network on this machine. Also in tables/latency.csv."
    )


@theme.applied()
def _figure(rows: Sequence[dict[str, Any]], forms: list[str]) -> Any:
    batches = list(dict.fromkeys(row["batch"] for row in rows))
    figure = theme.new_figure(WIDE, 0.95 + 0.26 * len(forms))
    grid = figure.subplots(1, len(batches), squeeze=False, sharey=True)[0]
    for axes, batch in zip(grid, batches, strict=True):
        there = [row for row in rows if row["batch"] == batch]
        for row in there:
            _bar(axes, forms.index(row["variant"]), row)
        axes.set_title(f"batch of {batch}", fontsize=9)
        axes.set_xlabel("Milliseconds")
        axes.set_xlim(0, 1.25 * max(row["p95_ms"] or 0 for row in there) or 1)
        axes.grid(visible=False, axis="y")
        axes.set_yticks(range(len(forms)), forms)
        axes.set_ylim(len(forms) - 0.4, -0.6)
    return figure


def _bar(axes: Axes, place: int, row: dict[str, Any]) -> None:
    median, high = row["p50_ms"], row["p95_ms"]
    if median is None:
        axes.text(0.02, place, "did not run", transform=axes.get_yaxis_transform(), va="center", size=7)
        return
    whisker = {"ecolor": theme.BLACK, "elinewidth": 0.9}
    colour = theme.BLUE if row["variant"].startswith(("compact", "onnx")) else theme.GREY
    axes.barh(place, median, 0.62, color=colour, xerr=[[0], [max(high - median, 0)]], error_kw=whisker)
    axes.text(max(median, high), place, f"  {median:.3g}", va="center", size=7)
