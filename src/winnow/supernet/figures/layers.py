"""How much of every layer is left, and what it costs: by true count, and by the network's density as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from winnow.reports import Column, Table, theme
from winnow.supernet.compact.accounting import Accounting
from winnow.supernet.figures import looks
from winnow.supernet.figures.drawn import WIDE, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS = {"expand": theme.GREEN, "project": theme.ORANGE, "shortcut": theme.PURPLE}
_ENDS = {"stem": theme.GREY, "final": theme.BLACK}  # few layers: they share a panel
_DEPTHWISE = "depthwise"
_ROW = 0.72  # inches
_SUMS = ("weights", "kept", "macs", "sparse_macs", "scaled_macs")
_COLUMNS = (
    Column("layer", "Layer"),
    Column("weights", "Weights after search", ",d"),
    Column("kept", "Kept", ",d"),
    Column("percent", "Kept (%)", ".1f"),
    Column("macs", "MACs, dense", ",d"),
    Column("sparse_macs", "MACs, zeros of the layer left out", ",.0f"),
    Column("scaled_macs", "MACs, by the density of all", ",.0f"),
)


def layer_rows(account: Accounting) -> list[dict[str, Any]]:
    """A row per layer: weights, kept, density, MACs dense, sparse by its own density, and by that of all layers."""
    return [
        {
            "layer": layer.name, "block": _block(layer.name), "kind": kind_of(layer.name), "maskable": layer.maskable,
            "weights": layer.weights, "kept": layer.kept, "density": layer.density, "macs": layer.macs,
            "sparse_macs": layer.sparse_macs, "scaled_macs": layer.scaled_macs,
        }
        for layer in account.layers
    ]  # fmt: skip


def kind_of(layer: str) -> str:
    """From a layer's name: stem, expand, "depthwise 3x3", project, shortcut, tokens, final or classifier."""
    parts = layer.removesuffix(".weight").split(".")
    if parts[0] != "blocks":
        return parts[0]
    return f"{_DEPTHWISE} {parts[3]}x{parts[3]}" if parts[2] == _DEPTHWISE else parts[2]


def layer_table(account: Accounting) -> Table:
    """The rows with their sums below, for the page."""
    rows = [{**row, "percent": 100 * row["density"]} for row in layer_rows(account)]
    total: dict[str, Any] = {"layer": "all layers", **{key: sum(row[key] for row in rows) for key in _SUMS}}
    total["percent"] = 100 * total["kept"] / max(total["weights"], 1)
    caption = (
        "Every layer. True sparse MACs leave out the zeros of each layer; the last column multiplies by the density of "
        "all maskable weights together, as the released code does, and is wrong where layers differ."
    )
    return Table.of([*rows, total], _COLUMNS, caption)


def layer_densities(account: Accounting, name: str = "layers") -> Drawn | None:
    """A panel per kind of maskable layer, a bar per layer over its block; None without a layer."""
    rows = [row for row in layer_rows(account) if row["maskable"]]
    if not rows:
        return None
    empty = sum(row["kept"] == 0 for row in rows)
    caption = (
        "The share of each layer's weights that the mask keeps, of those that survived the search; blocks in the order "
        "of the network, entrance left and head right. A cross is a layer of which nothing is kept."
    )
    alt = f"Density of {len(rows)} layers, a panel for each kind of layer; {empty} have no weight left."
    return Drawn(name, "Where the weights are left", _figure(rows), caption, alt, rows)


def _block(layer: str) -> str:
    parts = layer.split(".")
    return parts[1] if parts[0] == "blocks" else parts[0]


def _panels(rows: Sequence[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Label and kinds of each panel: the ends first, depthwise kernels in order."""
    there = {row["kind"] for row in rows}
    ends = [kind for kind in _ENDS if kind in there]
    depthwise = sorted(
        (kind for kind in there if kind.startswith(_DEPTHWISE)), key=lambda kind: int(kind.split("x")[-1])
    )
    order = ["expand", *depthwise, "project", "shortcut"]
    return [(", ".join(ends), ends)] * bool(ends) + [(kind, [kind]) for kind in order if kind in there]


@theme.applied()
def _figure(rows: Sequence[dict[str, Any]]) -> Any:
    panels = _panels(rows)
    columns = {block: place for place, block in enumerate(dict.fromkeys(row["block"] for row in rows))}
    figure = theme.new_figure(WIDE, 0.75 + _ROW * len(panels))
    grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (label, kinds) in zip(grid, panels, strict=True):
        _bars(axes, [row for row in rows if row["kind"] in kinds], columns)
        axes.set_ylim(0, 104)
        axes.set_yticks([0, 50, 100])
        axes.grid(visible=False, axis="x")
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel(label.replace(" ", "\n", 1), rotation=0, ha="right", va="center", fontsize=8)
    grid[-1].set_xlim(-0.8, len(columns) - 0.2)
    _stages(grid, list(columns))
    figure.supxlabel("Stage, and the layer's block in it", fontsize=9)
    figure.suptitle("Weights that remain (%)", fontsize=9)
    return figure


def _bars(axes: Axes, rows: Sequence[dict[str, Any]], columns: dict[str, int]) -> None:
    """Several layers of one block and kind, such as the two of a stem, stand side by side."""
    for block in dict.fromkeys(row["block"] for row in rows):
        there = [row for row in rows if row["block"] == block]
        width = 0.78 / len(there)
        for place, row in enumerate(there):
            x = columns[block] + (place - (len(there) - 1) / 2) * width
            axes.bar(x, 100 * row["density"], 0.92 * width, color=_colour(row["kind"]))
            if row["kept"] == 0:
                axes.plot([x], [7], "x", color=looks.ALARM, markersize=4, markeredgewidth=1.3)


def _colour(kind: str) -> str:
    if kind.startswith(_DEPTHWISE):
        kernel = int(kind.split("x")[-1])
        return looks.kernel_colours((kernel,))[kernel]
    return {**_KINDS, **_ENDS}[kind]


def _stages(grid: Any, blocks: list[str]) -> None:
    """One label for the blocks of a stage, and a line between stages."""
    stages = [_stage(block) for block in blocks]
    names = [name for name in dict.fromkeys(stages) if name]
    middles = [sum(i for i, stage in enumerate(stages) if stage == name) / stages.count(name) for name in names]
    grid[-1].set_xticks(middles, names)
    for place in range(1, len(stages)):
        if stages[place] != stages[place - 1]:
            for axes in grid:
                axes.axvline(place - 0.5, color="#D0D0D0", linewidth=0.7, zorder=0)


def _stage(block: str) -> str:
    """ "3" for "s3_fuse_0_1", "head" for "head_merge", nothing for stem and final."""
    first, _, rest = block.partition("_")
    return (first if first == "head" else first[1:]) if rest else ""
