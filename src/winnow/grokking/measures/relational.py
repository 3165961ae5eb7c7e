"""A relational graph of a mask, its path lengths and its clustering.

The paper reports both for a "relational graph" after You et al. (2020, arXiv 2007.06559) without its construction, and
the bipartite graph of a mask has no triangle, so clustering 0 where the paper has 0.72. The construction below is ours;
its levels compare between masks here, not with the paper's. It depends on no order of the neurons.
"""

from __future__ import annotations

import torch
from torch import Tensor


def relational_graph(mask: Tensor) -> Tensor:
    """The undirected graph over the neurons of both layers that a mask [..., in, out] joins.

    An input and an output neuron are joined when their weight remains. Two neurons of one layer are joined when they
    have more partners in common than independent choices of as many partners would have in expectation:
    common > degree_i * degree_j / size of the other layer.

    Returns:
        Boolean [..., in + out, in + out], symmetric with an empty diagonal; inputs come first.
    """
    kept = mask.to(torch.float64)
    across = mask.to(torch.bool)
    top = torch.cat([_alike(kept), across], -1)
    bottom = torch.cat([across.transpose(-2, -1), _alike(kept.transpose(-2, -1))], -1)
    return torch.cat([top, bottom], -2)


def path_length(graph: Tensor) -> Tensor:
    """Mean number of edges on the shortest path, over all pairs of vertices that one joins.

    Args:
        graph: boolean [..., n, n], symmetric.

    Returns:
        float64 [...]; NaN for a graph without an edge.
    """
    edges = graph.to(torch.float32)
    within = torch.eye(graph.shape[-1], dtype=torch.bool, device=graph.device).expand(graph.shape)
    length = torch.zeros(graph.shape[:-2], dtype=torch.float64, device=graph.device)
    pairs, distance = torch.zeros_like(length), 0
    while True:
        reached = within | (within.to(torch.float32) @ edges > 0)
        fresh = (reached & ~within).sum((-2, -1)).to(torch.float64)
        if not bool(fresh.any()):
            return length / pairs
        within, distance = reached, distance + 1
        length, pairs = length + distance * fresh, pairs + fresh


def clustering(graph: Tensor) -> Tensor:
    """Mean over all vertices of the share of their pairs of neighbours that are joined (Watts, Strogatz 1998).

    Args:
        graph: boolean [..., n, n], symmetric with an empty diagonal.

    Returns:
        float64 [...]; vertices with fewer than two neighbours count as 0.
    """
    edges = graph.to(torch.float64)
    degrees = edges.sum(-1)
    closed = ((edges @ edges) * edges).sum(-1)
    return torch.where(degrees > 1, closed / (degrees * (degrees - 1)).clamp_min(1), 0.0).mean(-1)


def _alike(kept: Tensor) -> Tensor:
    """Which two rows share more columns than chance, [..., rows, rows]; in whole numbers, so ties are exact."""
    common = kept @ kept.transpose(-2, -1)
    degrees = common.diagonal(dim1=-2, dim2=-1)
    more = common * kept.shape[-1] > degrees[..., :, None] * degrees[..., None, :]
    return more & ~torch.eye(kept.shape[-2], dtype=torch.bool, device=kept.device)
