"""The one plot theme: colours that colour-blind readers tell apart, sizes for print, files that repeat exactly.

Matplotlib is imported when a figure is made, never when this module is, and pyplot's global state is never touched.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito (2008), without the yellow: it is too pale for a line on white.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY, BLACK = "#CC79A7", "#E69F00", "#56B4E9", "#000000"
GREY = "#595959"

WIDTH, HEIGHT = 4.6, 3.1  # inches: a column of print, and still readable at a phone's width
PNG_DPI = 200

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so every machine lays a figure out alike
    "font.size": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "legend.columnspacing": 1.4,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "errorbar.capsize": 2,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",  # text stays text: it can be searched, copied and read aloud
    "svg.hashsalt": "winnow",  # without it every save draws new random ids
}


class SeriesStyle(NamedTuple):
    """How one named series looks, in every figure."""

    colour: str
    marker: str
    line: str = "-"


_NAMED = {
    "ticket": SeriesStyle(BLUE, "o"),
    "reinit": SeriesStyle(VERMILLION, "s"),
    "random": SeriesStyle(GREEN, "^"),
    "shuffled": SeriesStyle(PURPLE, "D"),
    "at-init": SeriesStyle(ORANGE, "v"),
    "resampled": SeriesStyle(SKY, "P"),
    "signs": SeriesStyle(BLACK, "X"),
    "dense": SeriesStyle(GREY, ""),
}
_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_MARKERS = "os^DvPX"
_LINES = ("-", "--", ":", "-.")
_NOISE = "noise-"
_NOISE_ENDS, _NOISE_MARKERS, _MOST_NOISE = ((0xC9, 0xA2, 0x78), (0x4A, 0x2A, 0x0E)), "<>ph*d8", 3.0


def series_style(name: str, position: int = 0) -> SeriesStyle:
    """The style of a series: fixed for the names the theme knows, else by its position in the figure.

    "noise-0.5", "noise-1"... are one family: brown, the darker the more noise. Unknown names are dashed.
    """
    if name in _NAMED:
        return _NAMED[name]
    amount = noise_amount(name)
    if amount is not None:
        return _noise_style(amount)
    # Unknown names start past the first three colours, which belong to the names that nearly every figure has.
    return cycled(position + 3)._replace(line="--")


def noise_amount(name: str) -> float | None:
    """0.5 for "noise-0.5"; None for a name of another form."""
    try:
        return float(name.removeprefix(_NOISE)) if name.startswith(_NOISE) else None
    except ValueError:
        return None


def _noise_style(amount: float) -> SeriesStyle:
    # A fixed shade for an amount, so that it looks the same in every figure; past three deviations all are darkest.
    share = min(max(amount, 0), _MOST_NOISE) / _MOST_NOISE
    light, dark = _NOISE_ENDS
    shade = "".join(f"{round(low + share * (high - low)):02X}" for low, high in zip(light, dark, strict=True))
    return SeriesStyle(f"#{shade}", _NOISE_MARKERS[round(2 * amount) % len(_NOISE_MARKERS)], ":")


def cycled(position: int) -> SeriesStyle:
    """The style at a position, for series that are only told apart within one figure (layers, runs)."""
    # Seven colours and seven markers would meet again after seven; the shift makes 49 distinct pairs.
    lap = position // len(_COLOURS)
    marker = _MARKERS[(position + lap) % len(_MARKERS)]
    return SeriesStyle(_COLOURS[position % len(_COLOURS)], marker, _LINES[lap % len(_LINES)])


def crossed(row: int, column: int) -> SeriesStyle:
    """The style of a series with two names (run and branch): colour by the one, marker and line by the other."""
    # The eighth run has the first one's colour; other markers tell them apart.
    marker = _MARKERS[(column + 3 * (row // len(_COLOURS))) % len(_MARKERS)]
    return SeriesStyle(_COLOURS[row % len(_COLOURS)], marker, _LINES[column % len(_LINES)])


def ordered_colours(count: int) -> list[str]:
    """`count` colours from dark to light, for series that have an order (levels, depths)."""
    import matplotlib
    from matplotlib.colors import to_hex

    ramp = matplotlib.colormaps["viridis"]
    # The top fifth of viridis is yellow: unreadable on white.
    return [to_hex(ramp(0.8 * position / max(count - 1, 1))) for position in range(count)]


@contextlib.contextmanager
def applied() -> Iterator[None]:
    """The theme, as a context or a decorator. Drawing and saving both need it: matplotlib makes ticks late."""
    import matplotlib

    # From matplotlib's own defaults, so that a user's matplotlibrc changes nothing; the backend is never touched.
    own: dict[Any, Any] = {
        key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")
    }
    with matplotlib.rc_context(rc=own | _RC):
        yield


def new_figure(width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """An empty figure, sizes in inches, that arranges its axes so that nothing is cut off."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
