"""JSON that a stranger wrote: read strictly, or refused with a coded error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from winnow.core import WinnowError, canonical_json

_HEX = re.compile(r"[0-9a-f]*")
_MOST_DIGITS = 16
_ADVICE = "Ask whoever gave it to you for a fresh copy."


def refuse(what: str, where: object = None) -> NoReturn:
    """Raise WN-O02, a claim that cannot be read."""
    raise WinnowError("WN-O02", what, where=where, fix=_ADVICE)


def read_bytes(path: Path, limit: int) -> bytes:
    """A plain file's bytes, not more than `limit`.

    Raises:
        WinnowError: WN-O02 when it is missing, a link, no plain file, too long or unreadable.
    """
    try:
        if path.is_symlink() or not path.is_file():
            refuse("a file of the claim is missing, or is no plain file", path)
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        refuse(f"the file cannot be read: {error.strerror}", path)
    if len(content) > limit:
        refuse(f"the file is longer than the {limit:,} bytes allowed", path)
    return content


def parse(content: bytes, where: object = None) -> dict[str, Any]:
    """A JSON object from its canonical bytes: one spelling only, so that equal values have equal hashes.

    Raises:
        WinnowError: WN-O02 for anything else: broken text, other spacing, a key twice, NaN, nesting without end.
    """
    try:
        value = json.loads(content.decode("utf-8"), parse_int=_whole)
        exact = canonical_json(value).encode()
    except (ValueError, RecursionError) as error:
        refuse(f"not readable as JSON: {str(error)[:120]}", where)
    if exact != content:
        refuse("the text is not in its canonical form, so it was edited", where)
    if not isinstance(value, dict):
        refuse("the file holds no JSON object", where)
    return value


def _whole(digits: str) -> int:
    """An integer that any reader of JSON keeps exactly; products of longer ones could take minutes."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def canonical(value: Any, where: object = None) -> bytes:
    """A value's canonical JSON.

    Raises:
        WinnowError: WN-O02 when JSON cannot hold it.
    """
    try:
        return canonical_json(value).encode()
    except (ValueError, TypeError, RecursionError) as error:
        refuse(f"JSON cannot hold it: {str(error)[:120]}", where)


class Fields:
    """Checked access to an object's fields; every complaint names the field."""

    def __init__(self, values: Mapping[str, Any], where: object = None) -> None:
        self._values, self._where = values, where

    def is_format(self, name: str, version: int) -> None:
        """Make sure that "format" and "version" are the ones this reader knows."""
        found = self._values.get("format"), self._values.get("version")
        if found[0] != name or type(found[1]) is not int or not 1 <= found[1] <= version:
            refuse(f"it is no {name} of version {version} or older", self._where)

    def text(self, name: str, longest: int = 200) -> str:
        """A text of 1 to `longest` printable characters."""
        value = self._values.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
            refuse(f'"{name}" is no text of 1 to {longest} printable characters', self._where)
        return value

    def hexadecimal(self, name: str, size: int) -> bytes:
        """`size` bytes, written as lower-case hexadecimal digits."""
        return self.unhex(self._values.get(name), size, name)

    def unhex(self, value: object, size: int, name: str) -> bytes:
        """The same for a value at hand."""
        if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value):
            refuse(f'"{name}" is not {size} bytes in hexadecimal', self._where)
        return bytes.fromhex(value)

    def number(self, name: str, low: float, high: float) -> float:
        """A number within [low, high], integers kept as such."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            refuse(f'"{name}" is no number within {low} and {high}', self._where)
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        value = self._values.get(name)
        if not isinstance(value, dict):
            refuse(f'"{name}" is no JSON object', self._where)
        return value

    def items(self, name: str, most: int) -> list[Any]:
        """A list of at most `most` items."""
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > most:
            refuse(f'"{name}" is no list of at most {most} items', self._where)
        return value
