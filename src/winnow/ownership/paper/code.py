"""QR symbols: text to modules by segno, modules to text by zxing-cpp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import segno
import zxingcpp

from winnow.core import WinnowError
from winnow.ownership.paper.patterns import LEVELS, VERSIONS, Format, Grid

_QUIET = 4  # light modules around a symbol that the standard asks for
_PIXELS = 3  # a module's side in the image that is read


@dataclass(frozen=True, eq=False)
class Symbol:
    """A text as a QR symbol.

    Args:
        text: what it says.
        format: version, level and data mask.
        modules: [size, size], True for dark.
    """

    text: str
    format: Format
    modules: Grid

    @property
    def data(self) -> Grid:
        """[size, size], True where a module carries data: all that is not public."""
        return ~self.format.public


def symbol(text: str, *, version: int | None = None, level: str = "H", mask: int | None = None) -> Symbol:
    """The symbol of a text, checked by reading it back.

    Args:
        text: what to say.
        version: 1 to 10; the smallest that holds the text when not given.
        level: of error correction; the paper takes "H", the highest.
        mask: the data mask; the one that the standard's rules prefer when not given.

    Raises:
        WinnowError: WN-O06 when the text does not fit, or a reader gives another text.
    """
    if level not in tuple(LEVELS) or version not in (None, *VERSIONS) or mask not in (None, *range(8)):
        Format(version or 1, level, mask or 0)  # tells what is wrong
    try:
        made = segno.make_qr(text, version=version, error=level, mask=mask, boost_error=False)
    except (segno.DataOverflowError, ValueError) as error:
        told = f"no QR symbol holds {text[:40]!r}: {error}"
        raise WinnowError("WN-O06", told, fix="Give a shorter text, a higher version or a lower level.") from error
    found, modules = int(made.version), np.array([list(row) for row in made.matrix], bool)
    if found not in VERSIONS:
        advice = "Give a shorter text or a lower level."
        raise WinnowError("WN-O06", f"the text asks for a symbol of version {found}; 10 is the highest", fix=advice)
    chosen = Format(found, level, int(made.mask))
    if decoded(modules) != text:
        raise WinnowError("WN-O06", f"a reader does not give {text[:40]!r} back", fix="Use plain letters and digits.")
    return Symbol(text, chosen, modules)


def decoded(modules: Grid) -> str | None:
    """What a QR reader makes of a square of modules [size, size], True for dark; None when its decoding fails.

    Drawn with a quiet zone, so that the reader has an image as from a camera, only a perfect one. A failed error
    correction is a failure: no raw code words are taken for a text.
    """
    drawn = np.kron(np.pad(modules, _QUIET), np.ones((_PIXELS, _PIXELS), bool))
    image = np.where(drawn, 0, 255).astype(np.uint8)
    found = zxingcpp.read_barcodes(
        image,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
        is_pure=True,
    )
    return next((code.text for code in found if code.valid), None)
