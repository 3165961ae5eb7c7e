"""Masks and weights as graphs (Minegishi et al. 2023, appendix J; their code has none of it).

A matrix [in, out] is a bipartite graph between its neurons. The eigenvalues of that graph's adjacency
[[0, M], [M^T, 0]] are plus and minus the singular values of M, and zeros: so the two largest magnitudes are both the
first singular value, and the third largest is the second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from winnow.grokking.measures.parts import remaining
from winnow.grokking.measures.relational import clustering, path_length, relational_graph
from winnow.sparsity import Mask

MEAN = "mean"  # the key of the mean over matrices, beside the matrices' own names


@dataclass(frozen=True, kw_only=True)
class GraphMeasures:
    """Of one matrix, or means over matrices.

    Attributes:
        third_eigenvalue: mu-hat, the third-largest magnitude of an eigenvalue of the mask's adjacency.
        ramanujan_gap: sqrt(2 d_avg - 1) - mu-hat, as the paper writes it.
        textbook_gap: 2 sqrt(d_avg - 1) - mu-hat, the bound that defines Ramanujan graphs.
        spectral_gap: lambda_0 - lambda_1 of the mask's adjacency.
        weighted_gap: the same of the adjacency with the magnitudes of the weights (Hoang et al. 2023).
        signed_gap: the same with the weights' signs.
        path_length: of `relational_graph`, a construction of ours.
        clustering: of the same graph.
    """

    third_eigenvalue: float
    ramanujan_gap: float
    textbook_gap: float
    spectral_gap: float
    weighted_gap: float
    signed_gap: float
    path_length: float
    clustering: float


def graph_measures(weights: Mapping[str, Tensor], mask: Mask) -> dict[str, GraphMeasures]:
    """All of them per masked matrix, and their means over matrices under "mean".

    Args:
        weights: one network's tensors by name; what is pruned counts as 0.
        mask: of [in, out] matrices.

    Raises:
        WinnowError: WN-P02 when a masked weight is missing or has another shape.
    """
    kept = remaining(weights, mask)
    found = {name: _measured(kept[name], mask[name].to(kept[name].device)) for name in mask}
    names = [field.name for field in fields(GraphMeasures)]
    means = {name: sum(getattr(one, name) for one in found.values()) / max(len(found), 1) for name in names}
    return {**found, MEAN: GraphMeasures(**means)}


def third_eigenvalue(mask: Tensor) -> Tensor:
    """mu-hat of the bipartite graph of masks [..., in, out]: float64 [...]."""
    return _leading(mask)[1]


def average_degree(mask: Tensor) -> Tensor:
    """d_avg: twice the edges over the vertices of both sides, pruned-away ones included; float64 [...]."""
    return 2 * mask.sum((-2, -1)).to(torch.float64) / (mask.shape[-2] + mask.shape[-1])


def ramanujan_gap(mask: Tensor, *, textbook: bool = False) -> Tensor:
    """How far mu-hat stays below the bound of masks [..., in, out]: float64 [...], negative above it.

    Args:
        mask: boolean [..., in, out].
        textbook: with the bound 2 sqrt(d_avg - 1) instead of the paper's sqrt(2 d_avg - 1). A degree too low for a root
            gives a bound of 0.
    """
    return _bound(mask, textbook) - third_eigenvalue(mask)


def spectral_gap(matrix: Tensor) -> Tensor:
    """lambda_0 - lambda_1, the two largest eigenvalues of the bipartite adjacency of [..., in, out]: float64 [...].

    Args:
        matrix: a mask, or weights with 0 for what is pruned; give magnitudes for the weighted gap of Hoang et al.
            (2023, "Don't just prune by magnitude!"), on which a graph with non-negative edges rests.
    """
    first, second = _leading(matrix)
    return first - second


def _measured(weights: Tensor, mask: Tensor) -> GraphMeasures:
    graph = relational_graph(mask)
    first, second = _leading(mask)
    return GraphMeasures(
        third_eigenvalue=float(second),
        ramanujan_gap=float(_bound(mask, False) - second),
        textbook_gap=float(_bound(mask, True) - second),
        spectral_gap=float(first - second),
        weighted_gap=float(spectral_gap(weights.abs())),
        signed_gap=float(spectral_gap(weights)),
        path_length=float(path_length(graph)),
        clustering=float(clustering(graph)),
    )


def _bound(mask: Tensor, textbook: bool) -> Tensor:
    degree = average_degree(mask)
    return 2 * (degree - 1).clamp_min(0).sqrt() if textbook else (2 * degree - 1).clamp_min(0).sqrt()


def _leading(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The first two singular values; a matrix of one row or column has a second one of 0."""
    values = torch.linalg.svdvals(matrix.to(torch.float64))
    values = torch.nn.functional.pad(values, (0, max(0, 2 - values.shape[-1])))
    return values[..., 0], values[..., 1]
