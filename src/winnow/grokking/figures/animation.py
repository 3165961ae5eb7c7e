"""Neurons' input weights step by step, the dense network above its ticket, as a GIF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from winnow.grokking.figures.bands import curves_of, held
from winnow.grokking.figures.families import DENSE, TICKET, plain
from winnow.grokking.figures.kept import first_replicate
from winnow.grokking.figures.neurons import COLOURS, COLUMNS, cell_lines, input_weights, lines_of
from winnow.grokking.measures import dominant_frequency
from winnow.grokking.studies.result import Floats, StudyResult
from winnow.reports import theme
from winnow.storage import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

_NEURONS = 3 * COLUMNS
_FRAMES = 20  # at most: about 60 kB each for the network of the paper
_SIZE, _DPI, _A_SECOND = (6.4, 4.9), 100, 4
_HOLD = 6  # frames that the last picture stays


@dataclass(frozen=True)
class _Film:
    """One branch: what its neurons take from the tokens at each kept step, [neurons, tokens], and its test curve."""

    branch: str
    rows: dict[int, Floats]
    steps: Floats
    accuracy: Floats

    def latest(self, step: int) -> int:
        """The last kept step that is not after `step`."""
        return max((kept for kept in self.rows if kept <= step), default=min(self.rows))

    def title(self, step: int) -> str:
        """Branch, step and accuracy; a run that has ended stays at its last step."""
        kept = self.latest(step)
        value = held((self.steps, self.accuracy), np.array([float(kept)]))[0]
        known = f", test accuracy {100 * value:.0f}%" if not np.isnan(value) else ""
        return f"{self.branch}: step {kept:,}{known}{' (ended)' if kept == max(self.rows) < step else ''}"


@theme.applied()
def write_animation(result: StudyResult, path: Path) -> Path | None:
    """Write the GIF of the first seed that kept weights.

    Args:
        result: of a study.
        path: of the file, ending in ".gif".

    Returns:
        `path`; None when no run kept an embedding at two steps, and nothing is written.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the place cannot be written.
    """
    from matplotlib.animation import PillowWriter

    films = [film for name in plain(result, (DENSE, TICKET)) if (film := _film(result, name)) is not None]
    if not films:
        return None
    figure = theme.new_figure(*_SIZE)
    shown = [
        _panel(axes, film)
        for axes, film in zip(figure.subplots(len(films), 1, squeeze=False)[:, 0], films, strict=True)
    ]
    steps = sorted({step for film in films for step in film.rows})
    frames = [steps[place] for place in np.unique(np.linspace(0, len(steps) - 1, _FRAMES).round().astype(int))]
    writer = PillowWriter(fps=_A_SECOND)
    with replacing(path) as part, writer.saving(figure, str(part), dpi=_DPI):
        for step in [*frames, *[frames[-1]] * _HOLD]:
            for film, (axes, lines) in zip(films, shown, strict=True):
                lines.set_segments(cell_lines(film.rows[film.latest(step)], signed=True))
                axes.set_title(film.title(step), fontsize=10)
            writer.grab_frame()
    return path


def _film(result: StudyResult, branch: str) -> _Film | None:
    replicate = first_replicate(result, branch)
    if replicate is None:
        return None
    kept = result.kept_steps(branch, replicate)
    found = {step: input_weights(result, branch, replicate, step) for step in kept}
    rows = {step: values for step, values in found.items() if values is not None and bool(values.isfinite().all())}
    if not rows:
        return None
    last = rows[max(rows)]
    strongest = last.square().sum(-1).argsort(descending=True, stable=True)[:_NEURONS]
    order = strongest[torch.argsort(dominant_frequency(last[strongest]), stable=True)]
    steps, accuracy = curves_of(result, branch, "test_accuracy").get(replicate, (np.zeros(1), np.full(1, np.nan)))
    return _Film(branch, {step: values[order].numpy() for step, values in rows.items()}, steps, accuracy)


def _panel(axes: Axes, film: _Film) -> tuple[Axes, LineCollection]:
    from matplotlib.collections import LineCollection

    lines = LineCollection([], colors=COLOURS[film.branch], linewidths=0.9)
    axes.add_collection(lines)
    count = len(next(iter(film.rows.values())))
    axes.set_xlim(-0.05, COLUMNS + 0.05)
    axes.set_ylim(-lines_of(count) - 0.05, 0.05)
    axes.set_axis_off()
    return axes, lines
