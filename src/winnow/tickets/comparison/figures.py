"""The figure of a comparison: any runs and branches against percent of weights remaining. No torch."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from winnow.reports import Spread, drawing, percent_remaining_axis, theme
from winnow.reports.theme import SeriesStyle
from winnow.tickets.summary import LevelSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL = 52  # letters of a legend's line, in a figure of the theme's width
_FEW = 6  # series that a figure of the theme's width holds
_LINE = 0.17  # inches a line of the legend
_BANDS = 2  # more bands lie on each other


class Measure(NamedTuple):
    """What a panel shows."""

    value: Callable[[LevelSummary], Spread]
    scale: float
    label: str


MEASURES = {
    "early-stop": Measure(lambda level: level.early_stop_step, 1, "Early-stop step"),
    "accuracy": Measure(lambda level: level.test_accuracy, 100, "Test accuracy at early stop (%)"),
    "end-accuracy": Measure(lambda level: level.final_test_accuracy, 100, "Final test accuracy (%)"),
}


class Line(NamedTuple):
    """One branch of one run.

    Attributes:
        run: number of the run.
        column: number of the branch among those that are drawn.
    """

    label: str
    run: int
    column: int
    levels: Sequence[LevelSummary]


class Dense(NamedTuple):
    """A dense network that one or more runs began with; the first of them gives its colour."""

    run: int
    level: LevelSummary


@theme.applied()
def comparison_figure(lines: Sequence[Line], denses: Sequence[Dense], measures: Sequence[str]) -> Figure:
    """A panel per measure with a line and min-max bars per series, and each dense network dashed; one legend above.

    Args:
        lines: what is compared; up to a dozen stay readable.
        denses: the distinct dense networks.
        measures: keys of `MEASURES`.
    """
    labels = [_wrapped(line.label) for line in lines]
    width = (1 if len(lines) <= _FEW else 1.35) * theme.WIDTH
    figure = theme.new_figure(width, _height(width, labels, len(measures)))
    panels = figure.subplots(len(measures), 1, squeeze=False).ravel()
    styles = _styles(lines)
    for axes, name in zip(panels, measures, strict=True):
        measure = MEASURES[name]
        for line, style, label in zip(lines, styles, labels, strict=True):
            spreads = [measure.value(level) for level in line.levels]
            x = [level.density_percent for level in line.levels]
            drawing.line_with_bars(axes, x, spreads, measure.scale, style, label)
        _dense_lines(axes, denses, measure, {line.run: style.colour for line, style in zip(lines, styles, strict=True)})
        _finish(axes, name, measure, lines)
    for axes in panels[:-1]:
        axes.set_xlabel("")
    drawing.legend_above(figure, panels[0])
    return figure


def _styles(lines: Sequence[Line]) -> list[SeriesStyle]:
    """One run: its branches as everywhere. One branch: runs by colour and marker. Both: colours for runs, the rest for
    branches.
    """
    if len({line.run for line in lines}) == 1:
        return [theme.series_style(line.levels[0].branch, line.column) for line in lines]
    if len({line.column for line in lines}) == 1:
        return [theme.cycled(line.run) for line in lines]
    return [theme.crossed(line.run, line.column) for line in lines]


def _dense_lines(axes: Axes, denses: Sequence[Dense], measure: Measure, colours: dict[int, str]) -> None:
    alone = len(denses) == 1
    for position, dense in enumerate(denses):
        spread = measure.value(dense.level)
        shown = spread if len(denses) <= _BANDS else Spread.of([spread.mean])
        colour = theme.GREY if alone else colours.get(dense.run, theme.GREY)
        label = None if position else "dense" if alone else "dense (in its run's colour)"
        drawing.reference_line(axes, shown, measure.scale, label, colour)


def _finish(axes: Axes, name: str, measure: Measure, lines: Sequence[Line]) -> None:
    if name == "early-stop":
        drawing.counting_axis(axes.yaxis)
        axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    else:
        drawing.accuracy_axis(axes)
    axes.set_ylabel(measure.label)
    percent_remaining_axis(axes, [level.density_percent for line in lines for level in line.levels])


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(label, _LABEL)) or label


def _height(width: float, labels: Sequence[str], panels: int) -> float:
    """Inches: the panels, and the legend in as many columns as it takes."""
    columns = drawing.legend_columns(width, labels)
    lines = sum(1 + label.count("\n") for label in labels) + 1
    return panels * 0.85 * theme.HEIGHT + _LINE * -(-lines // columns) + 0.3
