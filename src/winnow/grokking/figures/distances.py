"""How far apart the masks of different steps are, beside what the test accuracy does (figure 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from winnow.grokking.figures import panels
from winnow.grokking.figures.bands import Band, Curve, curves_of, held
from winnow.grokking.figures.families import DENSE
from winnow.grokking.figures.kept import dense_masks
from winnow.grokking.figures.panels import Quality
from winnow.grokking.measures import adjacent_distances, chance_distances, distance_matrices
from winnow.grokking.measures.parts import ALL
from winnow.grokking.studies.result import StudyResult
from winnow.reports import theme
from winnow.reports.theme import SeriesStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CHANGE = SeriesStyle(theme.GREY, "o", "--")


@theme.applied()
def adjacent_figure(result: StudyResult) -> Figure | None:
    """Jaccard distance between the masks of neighbouring steps, per matrix, beside the change of test accuracy."""
    curves, shift = _adjacent(result)
    if not curves:
        return None
    names = list(curves)
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = theme.new_figure(panels.WIDE, 2.0 * rows + 0.3)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    twins: list[Axes] = []
    for place, axes in enumerate(grid.ravel()):
        axes.set_visible(place < len(names))
    for name, axes in zip(names, grid.ravel(), strict=False):
        style = SeriesStyle(theme.BLUE if name == ALL else theme.VERMILLION, "o")
        panels.draw_band(axes, Band.of(curves[name]), style, "Jaccard distance")
        axes.set_title("all matrices" if name == ALL else name, fontsize=9)
        panels.step_axis(axes)
        axes.tick_params(labelbottom=True)
        twins = [_twin(axes, Band.of(shift))] if shift else []
    figure.supxlabel("Step (middle between two masks)", fontsize=9)
    _legend(figure, [grid.ravel()[0], *twins], result)
    return figure


@theme.applied()
def matrix_figure(result: StudyResult) -> Figure | None:
    """Distance of every two steps' masks over all matrices, the median over seeds, and its last column with chance."""
    found = {run.replicate: dense_masks(result, run.replicate) for run in result.of(DENSE)}
    found = {replicate: masks for replicate, masks in found.items() if len(masks) > 1}
    if not found:
        return None
    common = sorted(set.intersection(*map(set, found.values())))
    if len(common) < 2:
        return None
    masks = [{step: kept[step] for step in common} for kept in found.values()]
    squares = np.stack([distance_matrices(kept)[ALL].numpy() for kept in masks])
    chance = np.stack([[chance_distances(kept[step], kept[common[-1]])[ALL] for step in common] for kept in masks])
    figure = theme.new_figure(panels.WIDE, 3.1)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.05))
    _square(figure, left, np.median(squares, axis=0), common)
    _to_last(right, squares[:, :, -1], chance, common)
    return figure


def _adjacent(result: StudyResult) -> tuple[dict[str, list[Curve]], list[Curve]]:
    """Curves per matrix over the middles of neighbouring steps, and the change of test accuracy between them."""
    quality = Quality.of(result)
    tests = curves_of(result, DENSE, f"test_{quality.metric}")
    found: dict[str, list[Curve]] = {}
    shift: list[Curve] = []
    for run in result.of(DENSE):
        masks = dense_masks(result, run.replicate)
        if len(masks) < 2:
            continue
        steps = np.array(sorted(masks), dtype=np.float64)
        middles = (steps[1:] + steps[:-1]) / 2
        for name, values in adjacent_distances(masks).items():
            found.setdefault(name, []).append((middles, values.numpy()))
        if run.replicate in tests:
            shift.append((middles, quality.scale * np.diff(held(tests[run.replicate], steps))))
    return found, shift


def _twin(axes: Axes, shift: Band) -> Axes:
    """The change of test accuracy on an axis of its own at the right."""
    twin = axes.twinx()
    panels.draw_band(twin, shift, _CHANGE, "change")
    twin.grid(visible=False)
    twin.spines["right"].set_visible(True)
    return twin


def _legend(figure: Figure, shown: list[Axes], result: StudyResult) -> None:
    handles = [axes.get_legend_handles_labels()[0][0] for axes in shown]
    unit = " in points" if Quality.of(result).metric == "accuracy" else ""
    names = ["Jaccard distance (left)", f"change of test {Quality.of(result).metric}{unit} (right)"]
    figure.legend(handles, names[: len(handles)], loc="outside upper center", ncols=2)


def _square(figure: Figure, axes: Axes, values: np.ndarray, steps: list[int]) -> None:
    image = axes.imshow(values, cmap="viridis", vmin=0, vmax=max(float(values.max()), 1e-9), interpolation="nearest")
    image.set_label("Jaccard distance")
    axes.grid(visible=False)
    shown = range(0, len(steps), -(-len(steps) // 6))
    names = [panels.short_steps(steps[place]) for place in shown]
    axes.set_xticks(list(shown), names)
    axes.set_yticks(list(shown), names)
    axes.set_xlabel("Step")
    axes.set_ylabel("Step")
    bar = figure.colorbar(image, ax=axes, shrink=0.85, label="Jaccard distance, median")
    bar.outline.set_visible(False)  # type: ignore[operator]


def _to_last(axes: Axes, values: np.ndarray, chance: np.ndarray, steps: list[int]) -> None:
    grid = np.array(steps, dtype=np.float64)
    panels.draw_band(axes, Band.of([(grid, row) for row in values]), SeriesStyle(theme.BLUE, "o"), "to the last mask")
    level = Band.of([(grid, row) for row in chance])
    axes.plot(grid, level.median, color=theme.VERMILLION, linestyle=(0, (4, 2)), label="chance, same densities")
    axes.set_ylim(0, 1)
    panels.step_axis(axes)
    axes.set_xlabel("Step")
    axes.set_ylabel("Jaccard distance to the last mask")
    panels.legend_above(axes)
