"""BM25 over a small collection, all queries at once, and how much of a query's IDF mass a document holds.

Two sparse matrix products do it: BM25's weights of every word in every document, and each query's counts. A chart has
hundreds of sentences and hundreds of questions, so one product is faster than as many searches; and the same matrices
give the overlap, which a search engine does not report. The scores are bm25s's "lucene" ones (Lucene's IDF is never
negative; Kamphuis et al. 2020), k1 = 1.2, b = 0.75: a test compares them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

K1, B = 1.2, 0.75
Counts = dict[str, float]


class Lexical:
    """BM25 over documents given as counts of their words.

    Args:
        documents: for each document how often each word occurs; fractions are allowed (weighted fields).
    """

    def __init__(self, documents: Sequence[Counts]) -> None:
        self._columns = {word: at for at, word in enumerate(dict.fromkeys(w for own in documents for w in own))}
        counts = _matrix(documents, self._columns)
        self._present = sparse.csr_array((np.ones_like(counts.data), counts.indices, counts.indptr), shape=counts.shape)
        frequency = np.asarray(self._present.sum(0)).ravel()
        self._total = len(documents)
        self._idf = self._idf_of(frequency)
        self._weights = self._bm25(counts, np.asarray(counts.sum(1), np.float64).ravel())

    def scores(self, queries: Sequence[Counts]) -> NDArray[np.float32]:
        """BM25 [queries, documents]; 0 where no word is shared. A word counts as much as the query says."""
        asked = _matrix(queries, self._columns)
        return np.asarray((asked @ self._weights.T).todense(), np.float32)

    def overlaps(self, queries: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Share of each query's IDF mass found in each document [queries, documents], 0 to 1.

        A word that no document holds has mass too, the largest.
        """
        distinct = [dict.fromkeys(words, 1.0) for words in queries]
        known = _matrix(distinct, self._columns) @ sparse.diags(self._idf)
        unknown = np.array([sum(word not in self._columns for word in words) for words in distinct], np.float64)
        mass = np.asarray(known.sum(1)).ravel() + unknown * self._idf_of(np.zeros(1))[0]
        found = np.asarray((known @ self._present.T).todense(), np.float64)
        return (found / np.where(mass > 0, mass, 1)[:, None]).astype(np.float32)

    def _idf_of(self, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.log1p((self._total - frequency + 0.5) / (frequency + 0.5))

    def _bm25(self, counts: sparse.csr_array, lengths: NDArray[np.float64]) -> sparse.csr_array:
        mean = lengths.mean() if lengths.size else 1.0
        norm = K1 * (1 - B + B * lengths / (mean or 1.0))
        weights = counts.tocoo()
        rows, columns = weights.coords
        data = weights.data / (weights.data + norm[rows]) * self._idf[columns]
        return sparse.csr_array((data, (rows, columns)), shape=counts.shape)


def counted(words: Sequence[str]) -> Counts:
    """How often each word occurs."""
    counts: Counts = {}
    for word in words:
        counts[word] = counts.get(word, 0.0) + 1.0
    return counts


def _matrix(documents: Sequence[Counts], columns: dict[str, int]) -> sparse.csr_array:
    cells = [(row, columns[w], count) for row, own in enumerate(documents) for w, count in own.items() if w in columns]
    rows, places, data = zip(*cells, strict=True) if cells else ((), (), ())
    shape = (len(documents), max(1, len(columns)))
    return sparse.csr_array((np.array(data, np.float64), (np.array(rows, int), np.array(places, int))), shape=shape)
