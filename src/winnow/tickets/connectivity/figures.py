"""The figures of a stability measurement: error along the paths, and barriers against the step. No torch.

They are those of Frankle et al. (2020): error along the linear path (figure 2 there has one such path), and the onset
of stability over the step k at which the children part. Bands and bars run from minimum to maximum over replicates and
pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from winnow.reports import drawing, theme
from winnow.reports.spread import Spread
from winnow.tickets.connectivity.results import Connection, Series
from winnow.tickets.connectivity.settings import DENSE, STABLE_BELOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = 6  # more would hide one another
_COLUMNS = 3
_TICK_GAP = 0.11  # of the axis: a label such as "2,000" with its margin
_ZERO = 0.8  # place of step 0 to the left of the first positive step, in factors of two
_SPAN = 2 * STABLE_BELOW  # points of error that a frame spans at least: what counts as nothing must look like nothing
_DASHES = ("-", "--", ":", "-.")
_APART = 0.008  # of the axis: bars at one step stand beside each other


@theme.applied()
def paths_figure(connection: Connection) -> Figure:
    """Error along the path: a panel for every kind of mask and density, a line for every step, on the chosen split."""
    lines = connection.series()
    steps = sorted({step for line in lines for step in line.steps})
    shown = drawing.spread_out(steps, _LINES)
    columns = min(len(lines), _COLUMNS)
    rows = math.ceil(len(lines) / columns)
    width = theme.WIDTH * (0.55 * columns if columns > 1 else 1)
    figure = theme.new_figure(width, theme.HEIGHT * (0.82 * rows + 0.18))
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    colours = dict(zip(shown, theme.ordered_colours(len(shown)), strict=True))
    for axes, line in zip(grid, lines, strict=False):
        for step in (step for step in shown if step in line.steps):
            _draw_path(axes, _along(connection, line, step), colours[step], f"{step:,}")
        axes.set_title(line.label, fontsize=9)
    for axes in grid[len(lines) :]:
        axes.set_visible(False)
    for axes in grid[max(len(lines) - columns, 0) : len(lines)]:
        axes.tick_params(labelbottom=True)  # also where the place below is empty
    figure.supxlabel("Interpolation: from the first child (0) to the second (1)", fontsize=9)
    figure.supylabel(f"{connection.settings.split.capitalize()} error (%)", fontsize=9)
    low, high = grid[0].get_ylim()
    low = max(0, min(low, (low + high - _SPAN) / 2))
    grid[0].set_ylim(low, max(high, low + _SPAN))
    _legend_of_steps(figure, colours)
    return figure


@theme.applied()
def barriers_figure(connection: Connection) -> Figure:
    """Barrier against the step at which the children part, a line for every kind of mask and density."""
    lines = connection.series()
    steps = sorted({step for line in lines for step in line.steps})
    places = _places(steps)
    figure = theme.new_figure()
    axes = figure.add_subplot()
    span = max(places.values()) - min(places.values()) or 1
    for position, (line, style) in enumerate(zip(lines, _styles(lines), strict=True)):
        aside = _APART * span * (position - (len(lines) - 1) / 2)
        x = [places[step] + aside for step in line.steps]
        drawing.line_with_bars(axes, x, line.barriers, 1, style, line.label)
    limit = f"stable below {STABLE_BELOW:g} points"
    axes.axhline(STABLE_BELOW, color=theme.BLACK, linestyle=(0, (4, 2)), linewidth=1, zorder=1.5, label=limit)
    low, high = axes.get_ylim()
    axes.set_ylim(min(0, low), max(high, _SPAN))
    _step_axis(axes, places)
    axes.set_xlabel("Step at which the children part")
    axes.set_ylabel(f"Barrier, {connection.settings.split} error (points)")
    # Long enough for dashes on both sides of a marker.
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, handlelength=3.4)
    return figure


def _along(connection: Connection, line: Series, step: int) -> dict[float, Spread]:
    """Error in percent at every alpha, over replicates and pairs."""
    found: dict[float, list[float]] = {}
    for row in connection.paths:
        if _belongs(row, line, step) and row["split"] == connection.settings.split:
            found.setdefault(row["alpha"], []).append(row["error_percent"])
    return {alpha: Spread.of(values) for alpha, values in found.items()}


def _belongs(row: Mapping[str, Any], line: Series, step: int) -> bool:
    near = round(row["density_percent"], 2) == round(line.density_percent, 2)
    return near and (row["branch"], row["step"]) == (line.branch, step)


def _draw_path(axes: Axes, along: Mapping[float, Spread], colour: str, label: str) -> None:
    spreads = list(along.values())
    axes.plot(list(along), [spread.mean for spread in spreads], color=colour, label=label)
    if any(len(spread.values) > 1 for spread in spreads):
        low, high = [s.minimum for s in spreads], [s.maximum for s in spreads]
        axes.fill_between(list(along), low, high, color=colour, alpha=0.12, linewidth=0)


def _legend_of_steps(figure: Figure, colours: Mapping[int, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, label=f"{step:,}") for step, colour in colours.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), title="Children part at step")


def _styles(lines: Sequence[Series]) -> list[theme.SeriesStyle]:
    """The theme's own look of dense, ticket and random; the densities of one branch differ by their dashes."""
    styles: list[theme.SeriesStyle] = []
    for position, line in enumerate(lines):
        named = theme.SeriesStyle(theme.GREY, "D") if line.branch == DENSE else theme.series_style(line.branch)
        earlier = sum(other.branch == line.branch for other in lines[:position])
        styles.append(named._replace(line=_DASHES[earlier % len(_DASHES)]))
    return styles


def _places(steps: Sequence[int]) -> dict[int, float]:
    """Where each step stands: factors of two, with 0 a little to the left of the first positive one."""
    positive = [step for step in steps if step > 0]
    least = min(positive, default=1)
    most = max(positive, default=1)
    left = -max(_ZERO, 0.15 * math.log2(most / least))
    return {step: math.log2(step / least) if step else left for step in steps}


def _step_axis(axes: Axes, places: Mapping[int, float]) -> None:
    """Ticks at measured steps, those that have room; the first and the last always."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    span = max(places.values()) - min(places.values()) or 1
    kept: list[int] = []
    last = max(places)
    for step in sorted(places):
        far = not kept or places[step] - places[kept[-1]] >= _TICK_GAP * span
        if step == last or (far and (places[last] - places[step] >= _TICK_GAP * span or not kept)):
            kept.append(step)
    axes.xaxis.set_major_locator(FixedLocator([places[step] for step in kept]))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{step:,}" for step in kept]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(min(places.values()) - 0.06 * span, max(places.values()) + 0.06 * span)
