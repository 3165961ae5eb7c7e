"""Examples of predictions: what the network saw, what is true, and what it said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from winnow.data.vision import VOID
from winnow.reports import theme
from winnow.supernet.figures.drawn import WIDE, Drawn
from winnow.supernet.figures.example_rows import area_rows, joint_rows, label_rows
from winnow.supernet.tasks import legend, overlay, skeleton

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RIGHT, _WRONG = theme.GREY, theme.VERMILLION
_TITLE = "Examples"
_CLASSES_A_LINE = 5
_OUTLINED = (("black", 2.2), ("white", 0.9))  # a white line that stands out on any picture


def examples(
    task: str,
    images: Tensor,
    targets: Tensor,
    predictions: Tensor,
    names: Sequence[str],
    *,
    name: str = "examples",
    count: int = 12,
) -> Drawn | None:
    """The first examples of a split, chosen by nothing.

    Args:
        task: "classification", "segmentation" or "keypoints".
        images: uint8 [N, 3, H, W].
        targets: as `VisionSplit` holds them.
        predictions: as `Task.predict` gives them.
        names: of the classes, or of the joints.
        count: at most so many are drawn.

    Returns:
        None without an image.
    """
    if not len(images):
        return None
    draw = {"classification": _labels, "segmentation": _areas, "keypoints": _joints}[task]
    count = min(count, len(images), 12 if task == "classification" else 6)
    return draw(images[:count], targets[:count], predictions[:count], list(names), name)


def _labels(images: Tensor, targets: Tensor, predictions: Tensor, names: list[str], name: str) -> Drawn:
    rows = label_rows(targets, predictions, names)
    right = sum(row["right"] for row in rows)
    caption = (
        f"The first {len(rows)} test images with the predicted class under them; where it is wrong, the frame is "
        "orange and the true class stands in brackets."
    )
    alt = f"{len(rows)} test images with their predicted classes, {right} of them right."
    return Drawn(name, _TITLE, _label_figure(images, rows), caption, alt, rows)


@theme.applied()
def _label_figure(images: Tensor, rows: Sequence[dict[str, Any]]) -> Figure:
    columns = min(len(rows), 6)
    lines = -(-len(rows) // columns)
    figure = theme.new_figure(WIDE, 1.62 * lines)
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, image, row in zip(grid, images, rows, strict=False):
        _show(axes, image.permute(1, 2, 0).numpy(), _RIGHT if row["right"] else _WRONG)
        word = row["prediction"] if row["right"] else f"{row['prediction']}\n(is {row['truth']})"
        axes.set_xlabel(word, fontsize=8, color=theme.BLACK if row["right"] else _WRONG)
    for axes in grid[len(rows) :]:
        axes.set_visible(False)
    return figure


def _areas(images: Tensor, targets: Tensor, predictions: Tensor, names: list[str], name: str) -> Drawn:
    caption = (
        f"The first {len(images)} test images: the picture, the true classes over it, and the predicted ones. What is "
        "not labelled keeps the picture's own colours."
    )
    alt = f"{len(images)} test images, each with its true and its predicted classes in colour."
    figure = _area_figure(images, targets, predictions, names)
    return Drawn(name, _TITLE, figure, caption, alt, area_rows(targets, predictions, names))


@theme.applied()
def _area_figure(images: Tensor, targets: Tensor, predictions: Tensor, names: list[str]) -> Figure:
    from matplotlib.patches import Patch

    height, width = images.shape[2:]
    lines, half = -(-len(images) // 2), min(len(images), 2)
    shown = legend(names, torch.cat([targets.flatten().long(), predictions[targets != VOID].long()]))
    broad = WIDE if half == 2 else 0.6 * WIDE
    rows = -(-len(shown) // _CLASSES_A_LINE)
    figure = theme.new_figure(broad, 0.35 + 0.17 * rows + lines * (broad / (3 * half) * height / width + 0.1))
    grid = figure.subplots(lines, 3 * half, squeeze=False)
    for axes in grid.ravel():
        axes.set_visible(False)
    for place, (image, truth, said) in enumerate(zip(images, targets, predictions, strict=True)):
        row = grid[place // half][3 * (place % half) : 3 * (place % half) + 3]
        pictures = (image.permute(1, 2, 0), overlay(image, truth), overlay(image, said))
        for axes, picture, word in zip(row, pictures, ("image", "truth", "prediction"), strict=True):
            _show(axes, picture.numpy())
            if place < half:
                axes.set_title(word, fontsize=8)
    patches = [Patch(color=colour, label=word) for word, colour in shown]
    figure.legend(handles=patches, loc="outside lower center", ncols=min(len(shown), _CLASSES_A_LINE))
    return figure


def _joints(images: Tensor, targets: Tensor, predictions: Tensor, names: list[str], name: str) -> Drawn:
    rows = joint_rows(targets, predictions, names)
    caption = (
        f"The first {len(images)} test images. Thin white lines and rings are the truth, thick coloured lines and dots "
        "the prediction: the body's left blue, its right orange, its middle green. Joints without a label have no ring."
    )
    distances = [row["distance"] for row in rows if row["distance"] is not None]
    apart = f"{sum(distances) / len(distances):.1f} pixels apart on average" if distances else "nothing labelled"
    alt = f"{len(images)} test images with true and predicted joints, {apart}."
    return Drawn(name, _TITLE, _joint_figure(images, targets, predictions, names), caption, alt, rows)


@theme.applied()
def _joint_figure(images: Tensor, targets: Tensor, predictions: Tensor, names: list[str]) -> Figure:
    height, width = images.shape[2:]
    columns = min(len(images), 3)
    lines = -(-len(images) // columns)
    figure = theme.new_figure(WIDE * columns / 3, lines * WIDE / 3 * height / width)
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(images) :]:
        axes.set_visible(False)
    for axes, image, truth, said in zip(grid, images, targets, predictions, strict=False):
        _show(axes, image.permute(1, 2, 0).numpy())
        _skeleton(axes, truth.tolist(), said.tolist(), names)
        # Predicted joints outside of the picture must not stretch it.
        axes.set_xlim(-0.5, width - 0.5)
        axes.set_ylim(height - 0.5, -0.5)
    return figure


def _skeleton(axes: Axes, truth: list[list[float]], said: list[list[float]], names: Sequence[str]) -> None:
    edges = skeleton(names)
    colours = _joint_colours(len(names), edges)
    for first, second, colour in edges:
        axes.plot(*_ends(said, first, second), color=colour, linewidth=3, alpha=0.9, zorder=2, solid_capstyle="round")
        if truth[first][2] > 0 and truth[second][2] > 0:
            for colour, width in _OUTLINED:
                axes.plot(*_ends(truth, first, second), color=colour, linewidth=width, zorder=3)
    for joint, (x, y, _) in enumerate(said):
        dot = {"color": colours[joint], "markeredgecolor": "white", "markeredgewidth": 0.5}
        axes.plot([x], [y], "o", markersize=4.5, zorder=4, **dot)
        tx, ty, visible = truth[joint]
        for colour, width in _OUTLINED if visible > 0 else ():
            ring = {"markerfacecolor": "none", "markeredgecolor": colour, "markeredgewidth": width}
            axes.plot([tx], [ty], "o", markersize=6.5, zorder=3, **ring)


def _ends(joints: list[list[float]], first: int, second: int) -> tuple[list[float], list[float]]:
    return [joints[first][0], joints[second][0]], [joints[first][1], joints[second][1]]


def _joint_colours(count: int, edges: Iterable[Any]) -> list[str]:
    """That of a line that ends there; where joints have no lines, one each."""
    colours = [theme.cycled(number).colour for number in range(count)]
    for first, second, colour in edges:
        colours[first] = colours[second] = colour
    return colours


def _show(axes: Axes, picture: Any, frame: str = "") -> None:
    """A picture in its place, enlarged without blur, in a frame or none."""
    axes.set_visible(True)
    axes.imshow(picture, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(bool(frame))
    if frame:
        axes.spines[:].set_color(frame)
        axes.spines[:].set_linewidth(2)
