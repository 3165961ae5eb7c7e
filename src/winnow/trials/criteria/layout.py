"""Pieces sorted into headings, demands and the rest, each demand with the headings above it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from winnow.trials.criteria.cohorts import cohort_heading
from winnow.trials.criteria.labels import is_main_label, label_heading
from winnow.trials.criteria.marks import leading_mark
from winnow.trials.criteria.nodes import Node, node_of
from winnow.trials.criteria.pieces import Piece, cut
from winnow.trials.criteria.runon import cut_labels
from winnow.trials.criteria.sections import section_heading
from winnow.trials.criteria.signs import EDGES
from winnow.trials.criteria.titles import INCLUSION, Heading, is_no_demand, plain

HEADING, CRITERION, BULLET, NO_DEMAND = "heading", "criterion", "bullet", "not a demand"


@dataclass
class Block:
    """Demands below one heading, in order."""

    nodes: list[Node] = field(default_factory=list)
    joined: set[int] = field(default_factory=set)  # starts of nodes before which a line says only "or"


@dataclass
class Layout:
    """A text laid out.

    Attributes:
        blocks: the demands, block by block in the order of the text.
        spans: start, end and role ("heading", "not a demand") of what is no demand.
        is_sectioned: whether any heading says inclusion or exclusion.
    """

    blocks: list[Block] = field(default_factory=lambda: [Block()])
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    is_sectioned: bool = False


class _Reader:
    """Walks over the pieces and keeps what the headings so far say."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.layout = Layout()
        self.kind = INCLUSION
        self.section_cohort: str | None = None
        self.cohort: str | None = None
        self.cohort_at: Piece | None = None
        self.titles: list[str] = []

    def read(self, piece: Piece, following: Piece | None) -> None:
        """Take one piece; `following` is the next one."""
        own = self.text[piece.start : piece.end]
        heading = self._heading(own, piece, following)
        if heading is not None:
            self._enter(heading, piece)
            rest = self._rest(piece, heading.length)
            if rest is not None:
                cohort = own[: heading.length].strip(EDGES) if heading.level == "cohort" else None
                self._demand(rest, cohort)
        else:
            self._demand(piece, None)

    def _heading(self, own: str, piece: Piece, following: Piece | None) -> Heading | None:
        deeper = following is not None and following.indent > piece.indent and bool(piece.style)
        found = section_heading(own, introduces=following is not None and not deeper)
        if found is None and not is_no_demand(own):
            found = cohort_heading(own)
            if found is not None and found.length >= len(own) and following is None:
                found = None
        if found is None:
            found = label_heading(own)
            if found is not None and piece.style and not deeper and not plain(own).endswith(":"):
                found = None
        return found

    def _enter(self, heading: Heading, piece: Piece) -> None:
        title = self.text[piece.start : piece.start + heading.length].strip(EDGES)
        self.layout.spans.append(
            (piece.start, piece.start + len(self.text[piece.start :][: heading.length].rstrip()), HEADING)
        )
        if heading.level == "section":
            self._enter_section(heading, title)
        elif heading.level == "label":
            self.titles = [] if is_main_label(title) else self.titles[:1] if self._has_main() else []
            self.titles.append(title)
        elif heading.length >= piece.end - piece.start:
            self.cohort, self.cohort_at = heading.cohort, piece
            self.titles = [title]
        else:
            return
        self.layout.blocks.append(Block())

    def _enter_section(self, heading: Heading, title: str) -> None:
        self.kind = heading.kind or self.kind
        self.section_cohort = heading.cohort
        self.cohort, self.cohort_at = None, None
        self.titles = [title] if heading.cohort else []
        self.layout.is_sectioned = True

    def _has_main(self) -> bool:
        return bool(self.titles) and is_main_label(self.titles[0])

    def _rest(self, piece: Piece, length: int) -> Piece | None:
        """What follows a heading in its own piece, its mark taken off."""
        own = self.text[piece.start + length : piece.end]
        start = piece.start + length + len(own) - len(own.lstrip(EDGES[:2] + "\uff1a\t\r\n"))
        if start >= piece.end:
            return None
        mark = leading_mark(self.text[start : piece.end], {})
        if mark is None:
            return replace(piece, start=start)
        words = self.text[start + mark.length : piece.end]
        inner = start + mark.length + len(words) - len(words.lstrip())
        return replace(piece, start=inner, style=mark.style, rank=mark.rank) if inner < piece.end else None

    def _demand(self, piece: Piece, cohort: str | None) -> None:
        own = self.text[piece.start : piece.end]
        if is_no_demand(own):
            self.layout.spans.append((piece.start, piece.end, NO_DEMAND))
            if plain(own).lower().strip(".,") in ("or", "and/or"):
                self.layout.blocks[-1].joined.add(piece.end)
            return
        at = self.cohort_at
        if at is not None and at.style and piece.indent <= at.indent and piece.style == at.style:
            self.cohort, self.cohort_at, self.titles = None, None, []
        cohort = cohort or self.cohort or self.section_cohort
        self.layout.blocks[-1].nodes.append(node_of(piece, self.kind, cohort, tuple(self.titles)))


def lay_out(text: str) -> Layout:
    """The headings and demands of an eligibility text."""
    reader = _Reader(text)
    pieces = cut_labels(text, cut(text))
    for at, piece in enumerate(pieces):
        reader.read(piece, pieces[at + 1] if at + 1 < len(pieces) else None)
    return reader.layout
