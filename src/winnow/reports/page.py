"""A report as one HTML file that needs nothing else: no network, no script, no font."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.reports.tables import Table
from winnow.storage import write_text


@dataclass(frozen=True)
class Prose:
    """One paragraph."""

    text: str
    kind: str = "prose"


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]
    kind: str = "points"


@dataclass(frozen=True)
class Picture:
    """A figure: SVG from `inline_svg` (trusted, not escaped), and the caption under it."""

    svg: str
    caption: str
    kind: str = "picture"


@dataclass(frozen=True)
class Facts:
    """Names and values, such as a recipe's fields."""

    pairs: tuple[tuple[str, str], ...]
    kind: str = "facts"

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Facts:
        """The fields of a JSON object; one inside another reads `outer.inner`."""
        return cls(tuple(_flat(values)))


@dataclass(frozen=True)
class Code:
    """Text to copy as it stands, such as a command."""

    text: str
    kind: str = "code"


@dataclass(frozen=True)
class Details:
    """Blocks that stay folded until the reader opens them."""

    summary: str
    blocks: tuple[Block, ...]
    kind: str = "details"


Block = Prose | Points | Picture | Facts | Code | Details | Table


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        lead: one or two sentences under the title: what this is.
    """

    title: str
    lead: str
    sections: tuple[Section, ...] = dataclasses.field(default=())

    def render(self) -> str:
        """The page as HTML; every text in it is escaped, only a `Picture`'s SVG is taken as it is."""
        import jinja2

        templates = jinja2.Environment(
            loader=jinja2.PackageLoader("winnow.reports"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return templates.get_template("page.html").render(page=self)


def write_page(page: Page, path: Path | str) -> Path:
    """Write the page whole.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the place cannot be written.
    """
    write_text(path, page.render())
    return Path(path)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            pairs += _flat(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", _written(value)))
    return pairs


def _written(value: Any) -> str:
    """A JSON value for reading: no quotes, yes and no for truth values."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_written, value)) or "none"
    return str(value) if value not in ("", {}) else "none"
