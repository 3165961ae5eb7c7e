"""Edge betweenness by Brandes' algorithm, many sources at once, in products of sparse matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Values = NDArray[np.float64]

_TOGETHER = 64  # sources of one batch


def edge_betweenness(adjacency: sparse.csr_array, sources: int | None = None, seed: int = 0) -> Values:
    """How many shortest paths go through each edge of a directed graph, all edges of length 1 (Brandes 2001).

    Between two vertices with several shortest paths every path counts as one part of their number. Not normalised.

    Args:
        adjacency: [vertices, vertices], an entry where an edge goes from row to column.
        sources: how many vertices, drawn, paths start from; the sums are scaled to all (Brandes and Pich 2007). All
            of them when not given, which is exact.
        seed: of the draw.

    Returns:
        float64 [edges], in the order of the matrix' stored entries.
    """
    count = len(adjacency.indptr) - 1
    starts = np.arange(count)
    if sources is not None and sources < count:
        starts = np.sort(np.random.default_rng(seed).choice(count, sources, replace=False))
    stored = (np.ones(adjacency.nnz), adjacency.indices, adjacency.indptr)
    graph = sparse.csr_array(stored, shape=(count, count))
    tails = np.repeat(np.arange(count), np.diff(graph.indptr))
    total = np.zeros(graph.nnz)
    for first in range(0, len(starts), _TOGETHER):
        total += _from_sources(graph, tails, starts[first : first + _TOGETHER])
    return total * (count / max(len(starts), 1))


def _from_sources(graph: sparse.csr_array, tails: NDArray[np.intp], starts: NDArray[np.intp]) -> Values:
    """Sums over a batch of sources: paths are counted outwards, and their shares added on the way back."""
    paths, distances = _counted(graph, starts)
    total, shares = np.zeros(graph.nnz), np.zeros_like(paths)
    heads = graph.indices
    for distance in range(int(distances.max()), 0, -1):
        near, far = distances == distance - 1, distances == distance
        weights = np.divide(1 + shares, paths, out=np.zeros_like(paths), where=far)
        reached = np.where(near, paths, 0)
        shares += reached * (graph @ weights)
        used = near.any(1)[tails] & far.any(1)[heads]
        total[used] += np.einsum("es,es->e", reached[tails[used]], weights[heads[used]])
    return total


def _counted(graph: sparse.csr_array, starts: NDArray[np.intp]) -> tuple[Values, NDArray[np.int64]]:
    """Numbers of shortest paths, and lengths (-1 where there is no path), both [vertices, sources]."""
    onwards = graph.T.tocsr()
    paths = np.zeros((len(graph.indptr) - 1, len(starts)))
    paths[starts, np.arange(len(starts))] = 1
    distances = np.where(paths > 0, 0, -1)
    front, distance = paths.copy(), 0
    while front.any():
        distance += 1
        front = np.where(distances < 0, onwards @ front, 0)
        distances[front > 0] = distance
        paths += front
    return paths, distances
