"""Chunks: neighbouring sentences of one section, as many as the encoder reads at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from winnow.trials.patients import Note
from winnow.trials.retrieval.spans import Chunk, Sentence

# MiniLM reads 256 tokens; the header takes up to 25 of them.
TOKENS = 200
OVERLAP = 2
_OVERLAP_TOKENS = 60
_PART = re.compile(r"\w+|[^\w\s]")
_LETTERS_A_TOKEN = 4


def token_count(text: str) -> int:
    """How many word pieces a text has, near enough for packing, and the same for every encoder."""
    return sum(1 + (len(part) - 1) // _LETTERS_A_TOKEN for part in _PART.findall(text))


def chunks_of(note: Note, runs: Sequence[Sequence[Sentence]], first: int) -> list[Chunk]:
    """The chunks of one note.

    A chunk ends with its section or before it outgrows 200 tokens, and begins with the last one or two sentences of
    the one before it when both are of one section and those are short. A single sentence may be longer.

    Args:
        note: whose sentences these are.
        runs: its sentences in order, parted where something lies between two that must be in no chunk.
        first: position of the first sentence in `Chart.sentences`.
    """
    chunks: list[Chunk] = []
    for run in runs:
        chunks += [_chunk(note, run, start, end, first) for start, end in _ranges(run)]
        first += len(run)
    return chunks


def _ranges(sentences: Sequence[Sentence]) -> Iterator[tuple[int, int]]:
    sizes = [token_count(sentence.text) for sentence in sentences]
    start = 0
    for end in range(1, len(sentences) + 1):
        same = end < len(sentences) and sentences[end].section == sentences[start].section
        if same and sum(sizes[start : end + 1]) <= TOKENS:
            continue
        yield start, end
        start = _overlapping(sizes, start, end) if same else end


def _overlapping(sizes: list[int], start: int, end: int) -> int:
    """Where the next chunk begins: one or two sentences back, if they are short and the next one still fits."""
    for back in range(OVERLAP, 0, -1):
        begin = end - back
        if begin > start and sum(sizes[begin:end]) <= _OVERLAP_TOKENS and sum(sizes[begin : end + 1]) <= TOKENS:
            return begin
    return end


def _chunk(note: Note, sentences: Sequence[Sentence], start: int, end: int, first: int) -> Chunk:
    begin, finish = sentences[start].start, sentences[end - 1].end
    parts = (note.kind, note.day.isoformat() if note.day else "", sentences[start].section)
    return Chunk(
        note_id=note.note_id,
        start=begin,
        end=finish,
        text=note.text[begin:finish],
        header=" | ".join(part for part in parts if part),
        sentences=(first + start, first + end),
    )
