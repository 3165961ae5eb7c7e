"""The tree of criteria while it is being built."""

from __future__ import annotations

from dataclasses import dataclass, field

from winnow.trials.criteria.pieces import Piece


@dataclass
class Node:
    """A criterion in the making: `text[start:end]` are its own words.

    Attributes:
        start, end, indent, style: as of the piece it came from.
        kind, cohort, headings: what the headings above it say.
        children: nested ones, in order.
    """

    start: int
    end: int
    indent: int
    style: str
    kind: str
    cohort: str | None = None
    headings: tuple[str, ...] = ()
    children: list[Node] = field(default_factory=list)

    def own(self, text: str) -> str:
        """Its own words."""
        return text[self.start : self.end]

    @property
    def last_end(self) -> int:
        """Where its last descendant ends."""
        return self.children[-1].last_end if self.children else self.end

    def piece(self, start: int, end: int) -> Node:
        """A node of the same place in the tree over another span, without children."""
        return Node(start, end, self.indent, self.style, self.kind, self.cohort, self.headings)


def node_of(piece: Piece, kind: str, cohort: str | None, headings: tuple[str, ...]) -> Node:
    """The node of a piece."""
    return Node(piece.start, piece.end, piece.indent, piece.style, kind, cohort, headings)
