"""Figures as files (PNG and SVG, whole or not at all) and as SVG inside a page."""

from __future__ import annotations

import hashlib
import html
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.reports import theme
from winnow.storage import replacing, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Dates and program versions would make two equal figures differ.
_NO_SVG_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NO_PNG_METADATA = {"Software": None}


def save_figure(figure: Figure, folder: Path | str, name: str) -> tuple[Path, Path]:
    """Write `name`.png (200 dpi) and `name`.svg; the same figure gives the same bytes.

    Returns:
        The paths of the PNG and of the SVG.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the folder cannot be written.
    """
    png, svg = Path(folder) / f"{name}.png", Path(folder) / f"{name}.svg"
    with theme.applied(), replacing(png) as part:
        figure.savefig(part, format="png", dpi=theme.PNG_DPI, metadata=_NO_PNG_METADATA)
    write_text(svg, _svg(figure))
    return png, svg


def inline_svg(text: str, alt: str = "") -> str:
    """A saved SVG's text as one `<svg>` element to stand in HTML: it scales; `alt` is for who cannot see it."""
    element = text[text.index("<svg") :].strip()
    prefix = f"f{hashlib.sha256(element.encode()).hexdigest()[:8]}-"
    return _with_opening(_scoped(element, prefix), alt)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with theme.applied():
        figure.savefig(buffer, format="svg", metadata=_NO_SVG_METADATA)
    return buffer.getvalue()


def _scoped(element: str, prefix: str) -> str:
    """Ids made unique in the page: matplotlib calls the parts of every figure `axes_1`, `patch_1`..."""
    element = re.sub(r'\bid="', f'id="{prefix}', element)
    element = re.sub(r'\b(?:xlink:)?href="#', f'href="#{prefix}', element)
    element = element.replace('xlink:href="', 'href="').replace("url(#", f"url(#{prefix}")
    # Matplotlib's rule for `*` would reach out of the figure into the page.
    return re.sub(r"<style[^>]*>\*\{", f'<style type="text/css">[id^="{prefix}"] *{{', element)


def _with_opening(element: str, alt: str) -> str:
    """The opening tag without namespaces and fixed size, which HTML does not need, and with the alt text."""
    view = re.search(r'viewBox="[^"]*"', element)
    described = f'role="img" aria-label="{html.escape(alt)}"' if alt else 'aria-hidden="true"'
    return f"<svg {view[0] if view else ''} {described}>" + element[element.index(">") + 1 :]
