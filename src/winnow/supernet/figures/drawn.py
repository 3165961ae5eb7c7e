"""A figure with all that belongs to it: its caption, words for who cannot see it, and the numbers that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow import reports
from winnow.reports import Picture, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE = 7.4  # inches: a figure across the page


@dataclass(frozen=True, eq=False)
class Drawn:
    """One figure.

    Attributes:
        name: of its files.
        title: over it in the page.
        figure: the drawing.
        caption: under it.
        alt: what it shows, in words.
        rows: the numbers that were drawn, one row a mark.
    """

    name: str
    title: str
    figure: Figure
    caption: str
    alt: str
    rows: Sequence[Mapping[str, Any]]

    def save(self, folder: Path) -> Picture:
        """Write `figures/NAME.png`, `figures/NAME.svg` and `tables/NAME.csv` (and Parquet); for the page, the picture.

        Raises:
            WinnowError: WN-S01 on a full disk, WN-S02 when the folder cannot be written.
        """
        _, svg = reports.save_figure(self.figure, folder / "figures", self.name)
        caption = self.caption
        if self.rows:
            reports.write_table(self.rows, folder / "tables", self.name)
            caption = f"{caption} Its numbers: tables/{self.name}.csv."
        return Picture(reports.inline_svg(svg.read_text(encoding="utf-8"), alt=self.alt), caption)

    def section(self, folder: Path) -> Section:
        """The same under its title."""
        return Section(self.title, (self.save(folder),))
