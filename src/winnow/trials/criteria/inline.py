"""Enumerations that run on within one line: "1. ... 2. ... 3. ..." and "a) ... b) ..."."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from winnow.trials.criteria.signs import TIMES

if TYPE_CHECKING:
    from winnow.trials.criteria.pieces import Piece

_MARK = re.compile(r"(?<=\s)(?P<open>\(?)(?P<sign>\d{1,2}|[a-z]|[ivx]{2,4})(?P<close>[.)])\s*(?=\S)")
# Words after which a number or letter belongs to them: "grade 2. Patients ...", "stage a)".
_BOUND = re.compile(
    r"(?:\b(?:grade|stage|phase|class|cohort|part|arm|group|type|day|week|cycle|level|score|status|version|category|"
    rf"than|least|most|to|or|and|of|is|was|by|item|criterion|criteria|no|number|hepatitis|vitamin|factor)|[<>=≤≥/{TIMES}~-])\s*$",
    re.IGNORECASE,
)
_ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"]


def cut_inline(text: str, pieces: list[Piece]) -> list[Piece]:
    """The pieces with those that hold a running enumeration cut at its marks."""
    found: list[Piece] = []
    for at, piece in enumerate(pieces):
        following = pieces[at + 1] if at + 1 < len(pieces) else None
        found += _cut(text, piece, following)
    return found


def _cut(text: str, piece: Piece, following: Piece | None) -> list[Piece]:
    if not _MARK.search(text, piece.start, piece.end):
        return [piece]
    for style in ("1.", "1)", "(1)", "a.", "a)", "(a)", "i.", "i)", "(i)"):
        marks = _sequence(text, piece, following, style)
        if marks:
            return _divide(text, piece, following, marks, style)
    return [piece]


def _divide(text: str, piece: Piece, following: Piece | None, marks: list[re.Match[str]], style: str) -> list[Piece]:
    """Head and items; each may hold an enumeration of another style."""
    base = piece.style[: -len(style)] if piece.style.endswith(style) else None
    own_style = piece.style if base is not None else style
    indent = piece.indent if base is not None else piece.indent + 1
    ends = [match.start() for match in marks[1:]] + [piece.end]
    head_end = piece.start + len(text[piece.start : marks[0].start()].rstrip())
    parts = [replace(piece, end=head_end)] if head_end > piece.start else []
    for match, end in zip(marks, ends, strict=True):
        stop = match.end() + len(text[match.end() : end].rstrip())
        parts.append(
            replace(
                piece, start=match.end(), end=stop, indent=indent, style=own_style, rank=_rank(match["sign"], style)
            )
        )
    last = len(parts) - 1
    return [one for at, part in enumerate(parts) for one in _cut(text, part, following if at == last else None)]


def _sequence(text: str, piece: Piece, following: Piece | None, style: str) -> list[re.Match[str]]:
    """The marks of this style that count on from the piece's own mark, or up from the first; two at least, or one
    that the end of a sentence or the next piece's own mark bears out."""
    continues = piece.style.endswith(style)
    free = [
        match
        for match in _MARK.finditer(text, piece.start, piece.end)
        if _shape(match, style) and _is_free(text, piece, match)
    ]
    marks = _counting_on(free, style, piece.rank + 1 if continues else 1)
    if not marks and not piece.style and "1" in style:
        marks = _counting_on(free, style, 2)  # the first number of the list is often lost
        return marks if len(marks) >= 2 else []
    if len(marks) != 1:
        return marks
    before = text[piece.start : marks[0].start()].rstrip()
    wanted = _rank(marks[0]["sign"], style) + 1
    borne_out = following is not None and following.style.endswith(style) and following.rank == wanted
    ends = before.endswith((".", ";")) and text[marks[0].end()].isupper()
    return marks if continues and (borne_out or ends) else []


def _counting_on(free: list[re.Match[str]], style: str, wanted: int) -> list[re.Match[str]]:
    marks: list[re.Match[str]] = []
    for match in free:
        if _rank(match["sign"], style) == wanted + len(marks):
            marks.append(match)
    return marks


def _is_free(text: str, piece: Piece, match: re.Match[str]) -> bool:
    before = text[piece.start : match.start()]
    after = text[match.end() : match.end() + 1]
    if match["close"] == "." and match["sign"].isdigit() and not (after.isupper() or after in "≥≤<>("):
        return False
    return not _BOUND.search(before) and before.count("(") <= before.count(")")


def _shape(match: re.Match[str], style: str) -> bool:
    return match["open"] + match["close"] == style.replace("1", "").replace("a", "").replace("i", "") and (
        _rank(match["sign"], style) > 0
    )


def _rank(sign: str, style: str) -> int:
    if "1" in style:
        return int(sign) if sign.isdigit() else 0
    if "a" in style:
        return ord(sign) - ord("a") + 1 if len(sign) == 1 and sign.isalpha() else 0
    return _ROMAN.index(sign) + 1 if sign in _ROMAN else 0
