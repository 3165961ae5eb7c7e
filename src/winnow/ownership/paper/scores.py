"""What chooses the weights of a key mask in V1 (Chen et al. 2021, section 4.1): a score per weight that remains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from winnow.core import WinnowError, chosen
from winnow.ownership.paper.betweenness import edge_betweenness
from winnow.ownership.paper.unit_graph import Edges, UnitGraph, per_weight, unit_graph
from winnow.sparsity import Mask

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scored:
    """A network whose weights are scored.

    Args:
        weights: the trained weights, by name; at least those of the mask.
        mask: what remains.
        module: the architecture, for scores that ask paths.
        input_shape: of one input, the batch left out, for the same.
        sources: vertices that betweenness starts from; all, which is exact, when not given.
        seed: of the draws.
    """

    weights: Mapping[str, Tensor]
    mask: Mask
    module: nn.Module | None = None
    input_shape: tuple[int, ...] = ()
    sources: int | None = None
    seed: int = 0

    def graph(self) -> UnitGraph:
        """The network's units.

        Raises:
            WinnowError: WN-O06 without an architecture, or with one that cannot be traced.
        """
        if self.module is None:
            raise WinnowError(
                "WN-O06", "this score asks the network's paths", fix="Give the module, or take magnitude."
            )
        return unit_graph(self.module, self.input_shape, self.mask)


KeyScore = Callable[[Scored], dict[str, Tensor]]


def by_magnitude(network: Scored) -> dict[str, Tensor]:
    """|w| (the paper's OMP key)."""
    return {name: network.weights[name].detach().abs() for name in network.mask}


def by_chance(network: Scored) -> dict[str, Tensor]:
    """Uniform draws."""
    generator = torch.Generator().manual_seed(network.seed)
    return {name: torch.rand(tensor.shape, generator=generator) for name, tensor in network.mask.items()}


def by_paths(network: Scored) -> dict[str, Tensor]:
    """The greatest edge-weight product of a path through the weight, as a logarithm (the paper's EWP key).

    The paper takes all weights of the paths of greatest product, as many paths as the key asks for. A weight is on one
    of the k best paths when its own best path is, so this ranking takes the same weights in the same order, without a
    list of paths. Paths go from an input to an output; a product is of |w| alone, without BatchNorm's scales.
    """
    graph = network.graph()
    lengths = [_logarithms(network, edges) for edges in graph.stages]
    ahead = _longest(graph, lengths, graph.inputs)
    behind = _longest(_reversed(graph), lengths[::-1], graph.outputs)
    through = [
        ahead[edges.sources] + own + behind[edges.targets] for edges, own in zip(graph.stages, lengths, strict=True)
    ]
    return per_weight(graph, through, network.mask)


def by_betweenness(network: Scored) -> dict[str, Tensor]:
    """Shortest paths through the weight's kernel (the paper's edge betweenness key).

    Edges are of length 1, a residual sum's among them, and all weights of a kernel share its value.
    """
    graph = network.graph()
    ends = np.concatenate([np.stack([edges.sources, edges.targets]) for edges in graph.stages], axis=1)
    shape = (graph.vertices, graph.vertices)
    adjacency = sparse.csr_array((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=shape)
    adjacency.sum_duplicates()
    adjacency.sort_indices()
    values = edge_betweenness(adjacency, network.sources, network.seed)
    # Stored entries are in the order of row, then column: so is the number that an edge is looked up by.
    keys = np.repeat(np.arange(graph.vertices), np.diff(adjacency.indptr)) * graph.vertices + adjacency.indices
    found = [values[np.searchsorted(keys, edges.sources * graph.vertices + edges.targets)] for edges in graph.stages]
    return per_weight(graph, found, network.mask)


KEY_SCORES: dict[str, KeyScore] = {
    "magnitude": by_magnitude,
    "random": by_chance,
    "paths": by_paths,
    "betweenness": by_betweenness,
}


def key_score_named(name: str) -> KeyScore:
    """The score of that name.

    Raises:
        WinnowError: WN-O06 when there is none.
    """
    return chosen(KEY_SCORES, name, "score of a key mask", "WN-O06")


def _logarithms(network: Scored, edges: Edges) -> Values:
    """Per edge: log |w|, -inf for a weight of 0; 0 for an edge that carries no weight."""
    if not edges.name:
        return np.zeros(len(edges.sources))
    weight = _weight(network, edges.name).detach().abs().double().cpu().flatten().numpy()[edges.positions]
    return np.log(weight, out=np.full(len(weight), -np.inf), where=weight > 0)


def _weight(network: Scored, name: str) -> Tensor:
    if name in network.weights:
        return network.weights[name]
    raise WinnowError("WN-O06", "paths go through this weight, which was not given", where=name)


def _longest(graph: UnitGraph, lengths: list[Values], starts: NDArray[np.int64]) -> Values:
    """Per vertex, the greatest sum of lengths of a path from one of the starts; -inf without one."""
    best = np.full(graph.vertices, -np.inf)
    best[starts] = 0
    for edges, own in zip(graph.stages, lengths, strict=True):
        np.maximum.at(best, edges.targets, best[edges.sources] + own)
    return best


def _reversed(graph: UnitGraph) -> UnitGraph:
    stages = tuple(Edges(e.name, e.targets, e.sources, e.positions) for e in reversed(graph.stages))
    return UnitGraph(graph.vertices, stages, graph.outputs, graph.inputs)
