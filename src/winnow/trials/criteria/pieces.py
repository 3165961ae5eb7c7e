"""Eligibility text cut into pieces: one list item, paragraph or line each, wrapped lines joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from winnow.trials.criteria.inline import cut_inline
from winnow.trials.criteria.marks import leading_mark
from winnow.trials.criteria.signs import DASH

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_SECTION = re.compile(
    r"(?<![\w/])(?<!Key )(?<!KEY )"
    r"(?=(?:Key |KEY )?(?:Inclusion|Exclusion|INCLUSION|EXCLUSION) (?:[Cc]riteria|CRITERIA)\s*:)"
)
_TILDE = re.compile(r"(?<!\s)~(?!\d)|~(?=\d{1,2}[.)]\s)")
_TRAILING_MARK = re.compile(rf"(?<=\S)\s+[{DASH}*\u2022]+$")
_WRAPPED = (50, 130)
_LOOSE_END = re.compile(r"\b(?:of|the|a|an|than|by)$", re.IGNORECASE)
_OPEN_END = re.compile(r"(?:,|\b(?:of|the|an?|than|by|to|in|for|with|from|at|on|and|or|that|which|as|if))$")


@dataclass(frozen=True)
class Piece:
    """A span of the eligibility text: `text[start:end]` is without mark and outer white space.

    Attributes:
        start, end: the span.
        indent: column of its mark, or of its first character.
        style, rank: of its mark; style "" when it has none.
        after_blank: whether an empty line stands before it.
    """

    start: int
    end: int
    indent: int
    style: str = ""
    rank: int = 0
    after_blank: bool = False


def cut(text: str) -> list[Piece]:
    """The pieces of an eligibility text, in order; what lies between them is white space and list marks."""
    pieces: list[Piece] = []
    last: dict[str, int] = {}
    width = max((len(line[0].rstrip()) for line in _LINE.finditer(text)), default=0)
    for line in _lines(text):
        if pieces and _continues(text, pieces[-1], line, width, last):
            pieces[-1] = replace(pieces[-1], end=line.end)
            continue
        pieces.append(_marked(text, line, last))
    return cut_inline(text, [piece for piece in pieces if piece.end > piece.start])


def _lines(text: str) -> Iterator[Piece]:
    """Every line with something on it, its mark still inside."""
    end = 0
    for start, stop in _stretches(text):
        own = text[start:stop]
        if not own.strip():
            continue
        first = start + len(own) - len(own.lstrip())
        between = text[end:first]
        blank = len(re.findall(r"\n", between)) > 1 and bool(end)
        line_start = max(text.rfind("\n", 0, first), text.rfind("\r", 0, first)) + 1
        indent = len(text[line_start:first].expandtabs(4)) if not text[line_start:first].strip() else 0
        end = start + len(_TRAILING_MARK.sub("", own.rstrip()).rstrip())
        yield Piece(first, end, indent, after_blank=blank)


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Lines; in a text of one line also what tildes separate; a section's heading always starts a stretch."""
    is_flat = len(text.strip().splitlines()) <= 1
    for line in _LINE.finditer(text):
        start = line.start()
        named = [match.start() for match in _SECTION.finditer(text, *line.span())]
        cuts = [at for at in named if _ends(text[start:at])]
        tildes = [match.end() for match in _TILDE.finditer(text, *line.span())] if is_flat else []
        for at in [*sorted({*cuts, *tildes}), line.end()]:
            stop = at - 1 if at in tildes else at
            yield start, stop
            start = at


def _ends(before: str) -> bool:
    """Whether the words before a section's name are a demand of their own and not part of the name."""
    return before.rstrip().endswith((".", ";", ":", ")", "~", ",")) or len(before.split()) > 6


def _marked(text: str, line: Piece, last: dict[str, int]) -> Piece:
    """The line without its mark; the mark's rank is remembered in `last`."""
    mark = leading_mark(text[line.start : line.end], last)
    if mark is None:
        return line
    last[mark.style] = mark.rank
    start = line.start + mark.length
    start += len(text[start : line.end]) - len(text[start : line.end].lstrip())
    return replace(line, start=min(start, line.end), style=mark.style, rank=mark.rank)


def _continues(text: str, before: Piece, line: Piece, width: int, last: dict[str, int]) -> bool:
    """Whether a line only goes on with the piece before it, as wrapped lines do."""
    own, previous = text[line.start : line.end], text[before.start : before.end]
    mark = leading_mark(own, last)
    if mark is not None:
        # An item broken by mistake: "... inhibitors of" and then a bullet of the same list.
        same = bool(before.style) and before.style == mark.style and before.indent == line.indent and not mark.rank
        return same and bool(_LOOSE_END.search(previous))
    if (
        line.after_blank
        or _SECTION.match(own)
        or (previous.endswith((":", ".", ";", "!", "?")) and line.indent <= before.indent)
    ):
        return False
    if before.style and line.indent > before.indent:
        return not previous.endswith(":") or own[:1].islower()
    full = (
        _WRAPPED[0] <= width <= _WRAPPED[1]
        and before.indent + len(previous.splitlines()[-1]) + len(own.split()[0]) + 1 > width
    )
    long = len(previous.splitlines()[-1]) >= _WRAPPED[0] and not previous.endswith((".", ";", ":", ",", "!", "?"))
    return bool(_OPEN_END.search(previous)) or ((full or long) and own[:1].islower())
