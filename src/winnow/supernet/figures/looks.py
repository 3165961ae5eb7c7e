"""The colours of these figures: kernels, kinds of layers, pipelines. All from the theme."""

from __future__ import annotations

from winnow.reports import theme
from winnow.reports.theme import SeriesStyle

_KERNELS = {3: theme.SKY, 5: theme.BLUE, 7: theme.VERMILLION}
_SPARE = (theme.ORANGE, theme.PURPLE, theme.GREEN, theme.BLACK)  # of kernels that the published space has not
FIXED = "#BDBDBD"  # of what search does not touch
LINE = "#8A8A8A"
ALARM = theme.VERMILLION


def kernel_colours(kernels: tuple[int, ...]) -> dict[int, str]:
    """A colour per kernel size; 3, 5 and 7 look the same in every figure."""
    others = [kernel for kernel in kernels if kernel not in _KERNELS]
    spare = {kernel: _SPARE[place % len(_SPARE)] for place, kernel in enumerate(others)}
    return {kernel: _KERNELS.get(kernel) or spare[kernel] for kernel in kernels}


def series_styles(names: list[str]) -> dict[str, SeriesStyle]:
    """A style per pipeline or arm, by its place; the dense network is grey."""
    others = [name for name in names if name != "dense"]
    styles = {name: theme.cycled(place) for place, name in enumerate(others)}
    return {name: styles.get(name, SeriesStyle(theme.GREY, "*", "--")) for name in names}
