"""Files as text and JSON; what cannot be read is refused with WN-L01."""

from __future__ import annotations

import codecs
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from winnow.core import WinnowError

FORMATS = "Give a folder of .txt or .md notes, FHIR (.json, .ndjson), C-CDA (.xml) or a table (.csv, .jsonl, .parquet)."
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def refused(what: str, where: object, fix: str = FORMATS) -> WinnowError:
    """The error of a file that cannot be read as notes. It holds no word of the file."""
    return WinnowError("WN-L01", what, where=where, fix=fix)


def read_bytes(path: Path) -> bytes:
    """The file's bytes. WinnowError WN-L01 when it is empty or cannot be opened."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refused(f"not readable: {error.strerror or type(error).__name__}", path) from error
    if not data.strip():
        raise refused("the file is empty", path)
    return data


def read_text(path: Path) -> str:
    """The file's text with its line ends as they are. WinnowError WN-L01 when it is empty or no text."""
    return decoded(read_bytes(path), path)


def decoded(data: bytes, where: object) -> str:
    """Text of UTF-8 (a byte order mark is no part of it) or of UTF-16 with its mark.

    No other encoding is guessed: a wrong guess would change words without a sign.

    Raises:
        WinnowError: WN-L01 when the bytes are something else.
    """
    try:
        text = data.decode("utf-16" if data.startswith(_WIDE) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused("neither UTF-8 nor UTF-16 text", where, "Save the file as UTF-8.") from error
    if "\0" in text:
        raise refused("a binary file, not text", where)
    if not text.strip():
        raise refused("the file is empty", where)
    return text


def parsed(text: str) -> Any:
    """The value of a JSON text, decimals as written ("3.10" stays so).

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def read_lines(text: str, where: str) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    """The objects of a file with one JSON object a line, with line numbers, and complaints about the other lines."""
    found: list[tuple[int, dict[str, Any]]] = []
    complaints: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = parsed(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            found.append((number, value))
        else:
            complaints.append(f"line {number}: no JSON object")
    if not found:
        raise refused("no line is a JSON object", where)
    return found, complaints
