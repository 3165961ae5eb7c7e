"""Spans made ready to be searched: their words and, with an encoder, their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from winnow.trials.retrieval.encoders import Encoder
from winnow.trials.retrieval.fusion import best_first, fused
from winnow.trials.retrieval.lexical import Lexical, counted
from winnow.trials.retrieval.words import content_words

# Queries at a time: bounds memory at 256 x spans, whatever is asked.
_BATCH = 256


@dataclass(frozen=True)
class Scored:
    """A span that was found: its position, its fused score, cosine and overlap."""

    at: int
    score: float
    cosine: float
    overlap: float


class Index:
    """Texts searched by BM25 and, with an encoder, by cosine; the two rankings are fused by reciprocal rank (k = 20).

    Args:
        texts: what is searched.
        precedence: of equal scores the lower one comes first.
        encoder: None searches words alone. The texts are encoded at the first search.
    """

    def __init__(self, texts: Sequence[str], precedence: Sequence[int], encoder: Encoder | None) -> None:
        self._texts = list(texts)
        self._precedence = np.asarray(precedence, np.int64)
        self._encoder = encoder

    def search(self, queries: Sequence[str], k: int) -> list[list[Scored]]:
        """For each query the `k` best texts, best first; fewer when fewer share a word or are at all alike."""
        found: list[list[Scored]] = []
        if not self._texts:
            return [[] for _ in queries]
        for start in range(0, len(queries), _BATCH):
            found += self._some(queries[start : start + _BATCH], k)
        return found

    def _some(self, queries: Sequence[str], k: int) -> list[list[Scored]]:
        words = [content_words(query) for query in queries]
        cosines = self._cosines(queries)
        rankings = [self._lexical.scores([counted(own) for own in words])]
        if self._encoder is not None:
            rankings.append(cosines)
        scores = fused(rankings, self._precedence)
        overlaps = self._lexical.overlaps(words)
        return [
            [Scored(at, float(scores[row, at]), float(cosines[row, at]), float(overlaps[row, at])) for at in own]
            for row, own in enumerate(best_first(scores, self._precedence, k))
        ]

    def _cosines(self, queries: Sequence[str]) -> NDArray[np.float32]:
        if self._encoder is None:
            return np.zeros((len(queries), len(self._texts)), np.float32)
        return self._encoder.encode(queries) @ self._vectors.T

    @cached_property
    def _lexical(self) -> Lexical:
        return Lexical([counted(content_words(text)) for text in self._texts])

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        if self._encoder is None:
            raise ValueError("an index without an encoder has no vectors")
        return self._encoder.encode(self._texts)
