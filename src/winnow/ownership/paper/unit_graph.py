"""A network as a graph of units: channels are vertices, kernels are edges; what scores of weights by paths work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.networks.graph import Graph, Node, Unsupported
from winnow.networks.tracing import trace
from winnow.sparsity import Mask

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges that one node of the network adds; parallel ones, as of a kernel's weights, are listed each.

    Args:
        name: of the weights; "" for edges of a residual sum, which carry no weight.
        sources, targets: int64 [edges], vertices.
        positions: int64 [edges], places in the flattened weight; empty without a weight.
    """

    name: str
    sources: Numbers
    targets: Numbers
    positions: Numbers


@dataclass(frozen=True, eq=False)
class UnitGraph:
    """A directed graph without cycles.

    Args:
        vertices: how many there are.
        stages: edges in the order of execution: all edges into a vertex come before the first out of it.
        inputs, outputs: int64, the vertices where the network begins and ends.
    """

    vertices: int
    stages: tuple[Edges, ...]
    inputs: Numbers
    outputs: Numbers


def unit_graph(module: nn.Module, input_shape: tuple[int, ...], mask: Mask) -> UnitGraph:
    """The units of a network and the weights that remain between them.

    A unit is a channel of a linear or convolution layer, of the input, or of a residual sum. BatchNorm, activations,
    pools and dropout are passed through. The pixels of a flattened channel are one unit, and a linear layer's weights
    on them parallel edges; where the input itself is flattened, every pixel is a unit. Weights without a mask all
    count.

    Args:
        module: the network.
        input_shape: of one input, the batch left out.
        mask: what remains.

    Raises:
        WinnowError: WN-O06 when the network cannot be traced.
    """
    try:
        graph = trace(module, input_shape)
    except Unsupported as error:
        advice = "Take a score that asks no paths: magnitude or random."
        raise WinnowError("WN-O06", f"paths need a network of plain operations: {error}", fix=advice) from error
    shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    return _Building(graph, mask, shapes).built()


class _Building:
    """Vertices are numbered as nodes make them."""

    def __init__(self, graph: Graph, mask: Mask, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._graph, self._mask, self._shapes = graph, mask, shapes
        self._units: dict[str, Numbers] = {}
        self._stages: list[Edges] = []
        self._inputs = np.empty(0, np.int64)
        self._count = 0

    def built(self) -> UnitGraph:
        for node in self._graph.nodes:
            self._units[node.name] = self._units_of(node)
        outputs = np.unique(self._units[self._graph.output.name])
        return UnitGraph(self._count, tuple(self._stages), self._inputs, outputs)

    def _units_of(self, node: Node) -> Numbers:
        if node.kind == "input":
            self._inputs = self._new(node.channels)
            return self._inputs
        before = [self._units[name] for name in node.inputs]
        if node.kind in ("linear", "conv"):
            return self._weighted(node, before[0])
        if node.kind == "add":
            return self._sum(before)
        if node.kind == "flatten" and node.channels != len(before[0]):
            return self._flattened(node, before[0])
        return before[0]

    def _new(self, count: int) -> Numbers:
        self._count += count
        return np.arange(self._count - count, self._count)

    def _flattened(self, node: Node, before: Numbers) -> Numbers:
        if before is not self._inputs:
            return np.repeat(before, node.channels // len(before))
        # Nothing has read the input's channels, so the pixels take their place.
        self._inputs = self._new(node.channels)
        return self._inputs

    def _weighted(self, node: Node, before: Numbers) -> Numbers:
        name, units = node.tensors["weight"], self._new(node.channels)
        shape = self._shapes[name]
        alive = (
            self._mask[name].flatten().nonzero().squeeze(1).numpy() if name in self._mask else np.arange(np.prod(shape))
        )
        outputs, inputs = np.unravel_index(alive, shape)[:2]
        groups = node.options.get("groups", 1)
        inputs = inputs + outputs // (shape[0] // groups) * shape[1]
        self._stages.append(Edges(name, before[inputs], units[outputs], alive))
        return units

    def _sum(self, before: list[Numbers]) -> Numbers:
        units, nothing = self._new(len(before[0])), np.empty(0, np.int64)
        for one in before:
            self._stages.append(Edges("", one, units, nothing))
        return units


def per_weight(graph: UnitGraph, values: list[NDArray[np.float64]], mask: Mask) -> dict[str, Tensor]:
    """Values of edges, one array per stage, as tensors in the mask's shapes; -inf where no edge is."""
    scores = {name: tensor.new_full(tensor.shape, -np.inf, dtype=torch.float64) for name, tensor in mask.items()}
    for edges, own in zip(graph.stages, values, strict=True):
        if edges.name in scores:
            scores[edges.name].view(-1)[edges.positions] = scores[edges.name].new_tensor(own)
    return scores
