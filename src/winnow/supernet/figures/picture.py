"""The searched architecture as a picture: what is left of every block, lane by lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from winnow.reports import theme
from winnow.supernet.figures import looks
from winnow.supernet.figures.drawn import WIDE, Drawn
from winnow.supernet.figures.layout import Layout, Part, layout_of
from winnow.supernet.space import Architecture, costs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BOX, _TALL = 0.64, 0.62  # of a column, of a lane
_LANE = 0.82  # inches
_ROOMY = 18.5  # columns, up to which there is room for numbers
_OUTPUTS = {"classification": "classes", "segmentation": "classes", "keypoints": "joints"}


def picture(architecture: Architecture, name: str = "architecture") -> Drawn:
    """Draw an architecture, dense or searched.

    Args:
        architecture: what search left.
        name: of the figure's files.
    """
    layout = layout_of(architecture)
    kept, dense = architecture.units, sum(part.dense for part in layout.parts)
    empty = architecture.empty_blocks
    caption = (
        "Branches are lanes, the highest resolution above; stages follow from left to right. A box is a search block: "
        "its outline is the dense block, its colours are the units that are left, kernel by kernel. A slanted line is "
        "a block from one branch into another: the thicker, the more of its units are left, and the colours along it "
        "are its kernels' shares. A dashed line has only its shortcut left. Grey boxes are not searched."
    )
    alt = (
        f"Architecture of {len(layout.parts)} search blocks in {layout.lanes} branches: {kept:,} of {dense:,} units "
        f"are left, and {empty} blocks are empty."
    )
    return Drawn(name, "The architecture", _figure(architecture, layout), caption, alt, block_rows(architecture))


def block_rows(architecture: Architecture) -> list[dict[str, Any]]:
    """A row per search block: its place, units per kernel, units when dense, tokens, parameters and MACs."""
    costs = costs_of(architecture).blocks
    rows = []
    for part, cost in zip(layout_of(architecture).parts, costs, strict=True):
        place, kernels = part.place, architecture.space.kernels
        row = {"block": place.name, "kind": place.kind, "stage": place.stage, "from": place.source, "to": place.target}
        units = {f"k{kernel}": width for kernel, width in zip(kernels, part.widths, strict=True)}
        sums = {"units": sum(part.widths), "dense_units": part.dense, "tokens": part.tokens}
        rows.append({**row, **units, **sums, "parameters": cost.parameters, "macs": cost.macs})
    return rows


@theme.applied()
def _figure(architecture: Architecture, layout: Layout) -> Any:
    columns = layout.exit[0] + 1.6
    roomy = columns <= _ROOMY
    figure = theme.new_figure(WIDE if roomy else 1.5 * WIDE, _LANE * layout.lanes + 1.1)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(-1.5 if roomy else -2.2, columns)
    axes.set_ylim(layout.lanes - 0.45, -0.85)
    _bands(axes, layout)
    for start, end in layout.wires:
        axes.plot(*zip(start, end, strict=True), color=looks.LINE, linewidth=1, zorder=1)
    colours = list(looks.kernel_colours(architecture.space.kernels).values())
    for part in layout.parts:
        if part.crosses:
            _slanted(axes, part, colours)
        else:
            _box(axes, part, colours, roomy)
    for x, y in layout.sums:
        axes.plot([x], [y], "o", color="white", markeredgecolor=theme.GREY, markersize=4.5, zorder=4)
    for _, (x, y) in layout.fixed:
        _rectangle(axes, x - 0.5, y, 1.0, looks.FIXED, dark=True)
    _words(axes, architecture, layout, roomy)
    figure.legend(handles=_legend(architecture), loc="outside lower center", ncols=3 if roomy else 7)
    return figure


def _bands(axes: Axes, layout: Layout) -> None:
    """Every second stage on a pale ground, all of them named."""
    for place, (word, first, last) in enumerate(layout.bands):
        if place % 2 == 0:
            axes.axvspan(first, last, color="#F3F4F6", linewidth=0, zorder=0)
        axes.text((first + last) / 2, -0.8, word if word == "head" else f"stage {word}", ha="center", va="top", size=8)


def _box(axes: Axes, part: Part, colours: list[str], roomy: bool) -> None:
    (left, lane), (right, _) = part.start, part.end
    edge = (1 - _BOX) / 2
    if part.empty:
        axes.plot([left, right], [lane, lane], color=looks.LINE, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
    else:
        axes.plot([left, right], [lane, lane], color=looks.LINE, linewidth=1, zorder=1)
        _rectangle(axes, left, lane, 1.0, "white")
        base = 0.0
        for share, colour in zip(part.shares, colours, strict=True):
            _rectangle(axes, left, lane, share, colour, base)
            base += share
        if roomy:
            _number(axes, (left + right) / 2, lane - _TALL / 2, part)
    if part.tokens:
        # On the dashed line where there is no box to stand on.
        height = lane if part.empty else lane - _TALL / 2
        axes.plot([right - edge], [height], "D", color=theme.BLACK, markersize=2.6, zorder=5)


def _number(axes: Axes, middle: float, top: float, part: Part) -> None:
    """The units that are left, inside the box, for lines pass outside; on a white ground where the colours reach it."""
    ground = {"facecolor": "white", "linewidth": 0, "pad": 0.6} if sum(part.shares) > 0.75 else None
    word = f"{sum(part.widths)}"
    axes.text(middle, top + 0.03, word, ha="center", va="top", size=6, bbox=ground, zorder=4)


def _rectangle(
    axes: Axes, left: float, lane: float, share: float, colour: str, base: float = 0.0, *, dark: bool = False
) -> None:
    """A part of a box, `share` of its height, from `base` up; the whole box in white is the outline."""
    from matplotlib.patches import Rectangle

    if share <= 0:
        return
    bottom = lane + _TALL / 2 - base * _TALL
    outline = {"edgecolor": theme.GREY if dark else "#B5B5B5", "linewidth": 0.6} if share == 1 and not base else {}
    corner = (left + (1 - _BOX) / 2, bottom - share * _TALL)
    axes.add_patch(Rectangle(corner, _BOX, share * _TALL, facecolor=colour, zorder=2 if outline else 3, **outline))


def _slanted(axes: Axes, part: Part, colours: list[str]) -> None:
    (x0, y0), (x1, y1) = part.start, part.end
    if part.empty:
        axes.plot([x0, x1], [y0, y1], color=looks.LINE, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    else:
        width = 0.8 + 3.2 * sum(part.shares)
        done = 0.0
        for share, colour in zip(part.shares, colours, strict=True):
            after = done + share / sum(part.shares)
            xs, ys = ([a + at * (b - a) for at in (done, after)] for a, b in ((x0, x1), (y0, y1)))
            if share:
                axes.plot(xs, ys, color=colour, linewidth=width, solid_capstyle="butt", zorder=2)
            done = after
    arrow = {"arrowstyle": "-|>", "color": theme.GREY, "linewidth": 0, "mutation_scale": 9, "shrinkB": 2}
    near = (x0 + 0.8 * (x1 - x0), y0 + 0.8 * (y1 - y0))
    axes.annotate("", xy=part.end, xytext=near, arrowprops=arrow, zorder=3)


def _words(axes: Axes, architecture: Architecture, layout: Layout, roomy: bool) -> None:
    """Sizes of the maps at the left, the entrance, the outputs at the right."""
    sizes = branch_sizes(architecture)
    for lane, (height, width) in enumerate(sizes):
        axes.text(-0.25, lane, f"{height} x {width}", ha="right", va="center", size=8, color=theme.GREY)
    for word, (x, y) in layout.fixed:
        axes.text(x, y, word, ha="center", va="center", size=6.5 if roomy else 6, rotation=90)
    x, y = layout.exit
    height, width = sizes[0]
    of = "" if architecture.task == "classification" else f"\n{height} x {width}"
    axes.plot([x - 0.2, x + 0.1], [y, y], color=looks.LINE, linewidth=1, zorder=1)
    axes.text(x + 0.15, y, f"{architecture.outputs}\n{_OUTPUTS[architecture.task]}{of}", va="center", size=8)


def branch_sizes(architecture: Architecture) -> list[tuple[int, int]]:
    """Height and width of the map of each branch, from the highest resolution down."""
    height, width = architecture.input_size
    for stride in architecture.space.stem_strides:
        height, width = -(-height // stride), -(-width // stride)
    sizes = [(height, width)]
    for _ in architecture.space.stages[-1].channels[1:]:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


def _legend(architecture: Architecture) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colours = looks.kernel_colours(architecture.space.kernels)
    handles: list[Any] = [Patch(color=colour, label=f"{kernel}x{kernel} units") for kernel, colour in colours.items()]
    handles.append(Patch(facecolor="white", edgecolor="#B5B5B5", label="gone from the dense block"))
    handles.append(Line2D([], [], color=looks.LINE, linestyle=(0, (3, 2)), label="emptied: shortcut only"))
    if any(architecture.tokens):
        handles.append(Line2D([], [], color=theme.BLACK, marker="D", linestyle="", markersize=3.5, label="token path"))
    return handles
