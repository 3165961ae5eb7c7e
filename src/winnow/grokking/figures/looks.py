"""How a branch looks: dense dashed grey, the ticket solid blue, the rest by place or, in a ladder, by order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from winnow.grokking.figures.families import DENSE, TICKET
from winnow.reports import theme
from winnow.reports.theme import SeriesStyle

Looks = Mapping[str, SeriesStyle]

_FIXED = {DENSE: SeriesStyle(theme.GREY, "o", "--"), TICKET: SeriesStyle(theme.BLUE, "o")}
_COLOURS = (theme.VERMILLION, theme.GREEN, theme.PURPLE, theme.ORANGE, theme.SKY, theme.BLACK)
_MARKERS, _LINES = "s^DvPX", ("-", "-.", ":")
MOST = len(_COLOURS)  # others in one panel, before line styles have to tell them apart


def looks(branches: Sequence[str]) -> dict[str, SeriesStyle]:
    """A style for every branch of a panel, distinct for up to 18 beside dense and ticket."""
    others = [name for name in branches if name not in _FIXED]
    styles = {name: _cycled(position) for position, name in enumerate(others)}
    return {name: _FIXED.get(name) or styles[name] for name in branches}


def ladder(branches: Sequence[str]) -> dict[str, SeriesStyle]:
    """Styles from dark to light for branches that have an order, such as tickets by rate."""
    colours = theme.ordered_colours(len(branches))
    return {name: SeriesStyle(colour, "o") for name, colour in zip(branches, colours, strict=True)}


def _cycled(position: int) -> SeriesStyle:
    place = position % MOST
    return SeriesStyle(_COLOURS[place], _MARKERS[place], _LINES[position // MOST % len(_LINES)])
