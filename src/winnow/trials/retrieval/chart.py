"""A patient's chart on one day, made ready to be searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from winnow.trials.patients import LeftOut, Note, Patient
from winnow.trials.retrieval.encoders import Encoder
from winnow.trials.retrieval.index import Index
from winnow.trials.retrieval.spans import Chunk, Hit, Sentence


@dataclass(frozen=True)
class Chart:
    """What may be known of a patient on one day.

    Attributes:
        patient: whose chart.
        as_of: the day; questions about age and windows count from it. The last note's day when none was given.
        notes: the notes that the rules kept, none later than `as_of`.
        sentences: every sentence of `notes` in order, without those that look like instructions to a machine.
        chunks: neighbouring sentences together.
        flagged: sentences that look like instructions: shown to the reviewer, never searched, never evidence.
        encoder: for the dense half of a search; None searches words alone.
        left_out: notes that the rules kept out, each with its reason.
    """

    patient: Patient
    as_of: date | None
    notes: tuple[Note, ...]
    sentences: tuple[Sentence, ...]
    chunks: tuple[Chunk, ...]
    flagged: tuple[Sentence, ...] = ()
    encoder: Encoder | None = field(default=None, repr=False, compare=False)
    left_out: tuple[LeftOut, ...] = ()

    def search(self, queries: Sequence[str], k: int = 8) -> list[list[Hit]]:
        """For each query the `k` best sentences, best first: BM25 and embeddings fused by reciprocal rank.

        Give all questions at once: they are encoded in batches. Sentences of later notes come first among equals; what
        shares no word with the query and has no positive cosine is not returned.
        """
        return [
            [Hit(self.sentences[own.at], own.score, own.cosine, own.overlap) for own in found]
            for found in self._sentence_index.search(queries, k)
        ]

    def passages(self, queries: Sequence[str], k: int = 4) -> list[list[Chunk]]:
        """For each query the `k` best chunks, best first; their headers are searched with them."""
        return [[self.chunks[own.at] for own in found] for found in self._chunk_index.search(queries, k)]

    def around(self, sentence: Sentence, before: int = 1, after: int = 1) -> tuple[Sentence, ...]:
        """The sentence with its neighbours in the same note, in order.

        Raises:
            KeyError: for a sentence of another chart.
        """
        at = self._positions[(sentence.note_id, sentence.start)]
        near = self.sentences[max(0, at - before) : at + after + 1]
        return tuple(own for own in near if own.note_id == sentence.note_id)

    @cached_property
    def _positions(self) -> dict[tuple[str, int], int]:
        return {(own.note_id, own.start): at for at, own in enumerate(self.sentences)}

    @cached_property
    def _sentence_index(self) -> Index:
        texts = [sentence.text for sentence in self.sentences]
        return Index(texts, self._later_first([own.note_id for own in self.sentences]), self.encoder)

    @cached_property
    def _chunk_index(self) -> Index:
        texts = [f"{chunk.header}\n{chunk.text}" for chunk in self.chunks]
        return Index(texts, self._later_first([own.note_id for own in self.chunks]), self.encoder)

    def _later_first(self, note_ids: list[str]) -> list[int]:
        """Precedence of spans: those of the latest note first, in a note in order. Notes lie in order of day."""
        place = {note.note_id: at for at, note in enumerate(self.notes)}
        order = sorted(range(len(note_ids)), key=lambda at: (-place[note_ids[at]], at))
        return [rank for _, rank in sorted(zip(order, range(len(order)), strict=True))]
