"""The hidden channels of a traced network: every axis of every tensor along which they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from winnow.networks import Graph, Node
from winnow.networks.units import is_dense, is_depthwise, unit_labels

Units = tuple[int, ...]


class Rewritten(NamedTuple):
    """A network of the same function: its graph and its state dict."""

    graph: Graph
    tensors: dict[str, Tensor]


class Along(NamedTuple):
    """An axis of a node's tensor along which a group of hidden channels stands.

    Attributes:
        node: the node.
        role: of the tensor in the node ("weight", "bias", "running_mean", "running_var").
        axis: 0 for what the node puts out, 1 for what it reads.
        units: the numbers of the group's units, in order.
        repeat: entries to a channel.
    """

    node: Node
    role: str
    axis: int
    units: Units
    repeat: int

    @property
    def tensor(self) -> str:
        """The name of the tensor."""
        return self.node.tensors[self.role]

    def entries(self, channels: Tensor) -> Tensor:
        """The places along the axis of these channels (n,), each with its repeats."""
        return (channels[:, None] * self.repeat + torch.arange(self.repeat)).flatten()


def hidden_axes(graph: Graph) -> Iterator[Along]:
    """All axes of all tensors of the network along which channels may change their places."""
    labels = unit_labels(graph)
    free = _free_units(graph, labels)
    for node in graph.nodes:
        for role in node.tensors:
            layer = role == "weight" and node.kind in ("linear", "conv")
            found = _weight_units(node, labels) if layer else [(0, labels[node.name])]
            for axis, along in found if role != "num_batches_tracked" else ():
                units = along.unique()
                if len(units) > 1 and bool(free[units].all()):
                    yield Along(node, role, axis, tuple(units.tolist()), len(along) // len(units))


def _weight_units(node: Node, labels: dict[str, Tensor]) -> list[tuple[int, Tensor]]:
    """For each axis of the node's weight along which units stand: the axis and the unit of every entry."""
    own = [(0, labels[node.name])]
    return [*own, (1, labels[node.inputs[0]])] if is_dense(node) else own


def _free_units(graph: Graph, labels: dict[str, Tensor]) -> Tensor:
    """Whether each unit, by its number, may change its place, scale or sign at all."""
    free = torch.ones(1 + max(int(along.max()) for along in labels.values()), dtype=torch.bool)
    for node in graph.nodes:
        if node.kind == "conv" and not is_dense(node) and not is_depthwise(node, graph):
            free[labels[node.name]] = False
            free[labels[node.inputs[0]]] = False
    free[labels[graph.input.name]] = False
    free[labels[graph.output.name]] = False
    return free
