"""Notes that are text files: the day and the kind stand in the file's name or in a header line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from winnow.trials.patients.days import day_in_name, is_ambiguous, read_day
from winnow.trials.patients.files import read_text
from winnow.trials.patients.kinds import kind_of, known_kind
from winnow.trials.patients.patient import Note

SUFFIXES = (".txt", ".text", ".md", ".markdown")
_HEADER_LINES = 12
_DATE = re.compile(
    r"\W*(?:(?:note|visit|report|service|encounter|exam|study)\s+)?date(?:\s+of\s+(?:service|visit|report|note|exam))?"
    r"[\s*_]*:[\s*_]*(?P<value>.*?)[\s*_]*$",
    re.IGNORECASE,
)
# What may follow a date on its line: "2024-03-01 (seen with family)", "2024-03-01 | Ward 3".
_AFTER = re.compile(r"\s{2,}|\s+[-\u2013|(*]|;")
_MONTH_FIRST = "the date was read month first"
_TYPE = re.compile(r"\W*(?:(?:note|report|document)\s+)?type[\s*_]*:[\s*_]*(?P<value>.*?)[\s*_]*$", re.IGNORECASE)


@dataclass(frozen=True)
class ReadText:
    """A note and what was odd about it, in words that are not the note's."""

    note: Note
    complaints: tuple[str, ...] = ()


def read_note(path: Path, note_id: str) -> ReadText:
    """One text file as a note; a day in the file's name goes before one in a header line ("Date: ...").

    Raises:
        WinnowError: WN-L01 when the file is empty or no text.
    """
    text = read_text(path)
    named, header = day_in_name(path.stem), _header_day(text)
    complaints = [_MONTH_FIRST] if named.day and named.ambiguous else []
    if not named.day:
        complaints += header.complaints or ([] if header.day else ["no date in name or header: kept without one"])
    elif header.day and header.day != named.day:
        complaints.append("name and header give different dates: the name's is used")
    kind = _header(text, _TYPE)
    known = known_kind(named.rest) or known_kind(note_id.rpartition("/")[0]) or "unknown"
    note = Note(note_id, text, named.day or header.day, kind_of(kind) if kind else known, path.name)
    return ReadText(note, tuple(complaints))


class _HeaderDay(NamedTuple):
    day: date | None
    complaints: list[str]


def _header_day(text: str) -> _HeaderDay:
    value = _header(text, _DATE)
    if value is None:
        return _HeaderDay(None, [])
    for written in (value, _AFTER.split(value)[0]):
        if day := read_day(written):
            return _HeaderDay(day, [_MONTH_FIRST] if is_ambiguous(written) else [])
    return _HeaderDay(None, ["the header's date cannot be read: kept without one"])


def _header(text: str, pattern: re.Pattern[str]) -> str | None:
    """The value of the first header line of this name near the top."""
    for line in text.split("\n", _HEADER_LINES)[:_HEADER_LINES]:
        found = pattern.match(line.strip())
        if found and found["value"]:
            return found["value"]
    return None
