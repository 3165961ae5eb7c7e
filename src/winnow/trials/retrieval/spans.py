"""Spans of notes: sentences, chunks of sentences, and what a search returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Sentence:
    """One sentence, table row or list item: `note.text[start:end] == text`.

    Attributes:
        note_id, start, end, text: the span.
        section: the nearest section header above it, as written ("Family History"); "" when there is none.
        day: the note's date.
        kind: the note's kind.
    """

    note_id: str
    start: int
    end: int
    text: str
    section: str = ""
    day: date | None = None
    kind: str = "unknown"


@dataclass(frozen=True)
class Chunk:
    """Neighbouring sentences of one section, small enough for the encoder.

    Attributes:
        note_id, start, end, text: the span; `note.text[start:end] == text`.
        header: note kind, date and section in one line; it is searched with the text but is no part of the span.
        sentences: positions in `Chart.sentences`, first and one past the last.
    """

    note_id: str
    start: int
    end: int
    text: str
    header: str
    sentences: tuple[int, int]


@dataclass(frozen=True)
class Hit:
    """A sentence that a search returned, best first.

    Attributes:
        sentence: the span.
        score: the fused score (reciprocal rank), higher is better.
        cosine: cosine of the embeddings of query and sentence; 0.0 without an encoder.
        overlap: share of the query's IDF mass found in the sentence, 0 to 1.
    """

    sentence: Sentence
    score: float
    cosine: float
    overlap: float
