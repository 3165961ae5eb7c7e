"""Clinical text cut into sentences, headers and markup with exact offsets: no character is lost."""

from __future__ import annotations

from dataclasses import dataclass

from winnow.trials.retrieval.ends import sentence_spans
from winnow.trials.retrieval.lines import Line, read_lines

SENTENCE, HEADER, MARKUP = "sentence", "header", "markup"
# Lines that were wrapped are longer than this; shorter ones were ended on purpose.
_WRAPPED = 50
_WRAPPED_BEFORE_SMALL = 30


@dataclass(frozen=True)
class Piece:
    """A span of a text: `text[start:end]`, trimmed of white space.

    Attributes:
        start, end: characters.
        role: "sentence", "header" (a title) or "markup" (a bullet, a rule, a table's frame).
        section: the header that the piece stands under; its own words for a header.
    """

    start: int
    end: int
    role: str
    section: str = ""


def split_text(text: str) -> tuple[Piece, ...]:
    """The pieces of a text, in order and disjoint; every character that is not white space lies in one.

    Lines are the unit: list items, table rows, "Name: value" lines and headers end where their line ends, and lines of
    running text that was wrapped are joined before sentences are sought in them.
    """
    pieces: list[Piece] = []
    for block in _blocks(text, read_lines(text)):
        pieces += _of_block(text, block)
    return tuple(pieces)


def _blocks(text: str, lines: list[Line]) -> list[list[Line]]:
    """Lines that belong together: wrapped ones with the line that they go on from."""
    blocks: list[list[Line]] = []
    for line in lines:
        if blocks and _goes_on(text, blocks[-1][-1], line):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def _goes_on(text: str, above: Line, line: Line) -> bool:
    if not (line.is_plain and above.can_go_on and line.number == above.number + 1):
        return False
    length, last = above.end - above.start, text[above.end - 1]
    if last in ":|":
        return False
    small = text[line.start].islower() and (length >= _WRAPPED_BEFORE_SMALL or last in ",-")
    return small or length >= _WRAPPED


def _of_block(text: str, block: list[Line]) -> list[Piece]:
    head, section = block[0], block[0].section
    pieces = [Piece(start, end, MARKUP, section) for start, end in head.markup]
    pieces += [Piece(start, end, HEADER, section) for start, end in head.header]
    if head.start < head.end:
        spans = [(head.start, head.end)] if head.whole else sentence_spans(text, head.start, block[-1].end)
        pieces += [Piece(start, end, SENTENCE, section) for start, end in spans]
    return sorted(pieces, key=lambda piece: piece.start)
