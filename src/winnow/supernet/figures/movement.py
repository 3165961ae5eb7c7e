"""How the mask and the network move while they are searched and pruned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from winnow.reports import theme
from winnow.supernet.figures.drawn import WIDE, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Event = Mapping[str, Any]

_LOOKS = {"search": (theme.BLUE, "s"), "prune": (theme.VERMILLION, "o")}
# Column, factor to the unit of the axis, label, whether the value stays until the next event.
_PANELS = (
    ("hamming", 100, "Mask entries unlike those\nof the last pruning (%)", False),
    ("returned", 100, "Kept weights that the last\npruning had pruned (%)", False),
    ("sparsity", 100, "Sparsity of the mask\nin force (%)", True),
    ("macs", 1e-6, "MACs of the dense\nconvolutions (millions)", True),
)
_COLUMNS = {
    "step": "step", "phase": "phase", "kind": "kind", "changed": "changed", "lifted": "lifted", "hamming": "hamming",
    "moved_from_mask": "moved_from_mask", "returned": "returned", "sparsity": "sparsity", "macs": "macs_after",
    "units": "units_after", "tokens": "tokens", "empty_blocks": "empty_blocks",
}  # fmt: skip


def movement(events: Sequence[Event], name: str = "movement") -> Drawn | None:
    """A panel each for the mask's change, returned weights, sparsity and MACs, a point per event; None without one.

    Args:
        events: of one run, as `winnow.supernet.training.Trained` holds them.
    """
    if not events:
        return None
    rows = event_rows(events)
    caption = (
        "Every search (blue squares, hollow where nothing was removed) and every pruning (orange circles). Above: how "
        "many mask entries differ from those of the pruning before, and which share of the weights that are kept had "
        "been pruned then. Below: zeros in the mask (a search that rebuilds blocks lifts their masks), and MACs."
    )
    searches = sum(event.get("kind") == "search" for event in events)
    counts = f"{searches} searches and {len(events) - searches} prunings"
    alt = f"Mask changes, returned weights, sparsity and MACs at {counts}."
    return Drawn(name, "How the mask moves", _figure(rows), caption, alt, rows)


def event_rows(events: Sequence[Event]) -> list[dict[str, Any]]:
    """A row per event; what an event does not have, or what is not a number, is None."""
    return [{column: _number(event.get(key)) for column, key in _COLUMNS.items()} for event in events]


@theme.applied()
def _figure(rows: Sequence[Event]) -> Any:
    figure = theme.new_figure(WIDE, 4.2)
    grid = figure.subplots(2, 2, sharex=True).ravel()
    for axes, (key, scale, label, stays) in zip(grid, _PANELS, strict=True):
        there = [{**row, key: scale * row[key]} for row in rows if row[key] is not None]
        _panel(axes, there, key, "steps-post" if stays else "default")
        axes.set_ylabel(label)
    for axes in grid[2:]:
        axes.set_xlabel("Step")
    grid[0].set_xlim(left=0)
    handles = {label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    if handles:
        figure.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=2)
    return figure


def _panel(axes: Axes, rows: Sequence[Event], key: str, drawn: Any) -> None:
    if not rows:
        axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", va="center", color=theme.GREY)
        return
    steps, values = [row["step"] for row in rows], [row[key] for row in rows]
    axes.plot(steps, values, color="#B0B0B0", linewidth=0.9, drawstyle=drawn, zorder=1)
    for kind, (colour, marker) in _LOOKS.items():
        for idle in (False, True):
            members = [row for row in rows if row["kind"] == kind and (row["changed"] is False) == idle]
            if members:
                points = [row["step"] for row in members], [row[key] for row in members]
                face, word = ("white", None) if idle else (colour, kind)
                axes.plot(*points, marker, color=colour, markerfacecolor=face, markersize=4, label=word)
    top = max(*values, 0)
    axes.set_ylim(*((-0.03 * top, 1.08 * top) if top > 0 else (-0.03, 1)))


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
