"""`coupled_axes`: which axes of a network's prunable tensors can only be permuted together."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from winnow.networks import Graph, Unsupported, trace
from winnow.networks.units import unit_labels
from winnow.ownership.channels import Units, hidden_axes
from winnow.signing.alignment.axes import Axes, AxisGroup, AxisUse

# Element-wise functions with f(-x) = -f(x): a sign passes through them.
ODD = frozenset({"tanh"})


def coupled_axes(module: nn.Module, input_shape: tuple[int, ...], prunable: Collection[str]) -> Axes:
    """The hidden channels of a network, with the axes of the prunable tensors along which they stand.

    Inputs and outputs have names of their own and are in no group, nor are channels beside a grouped convolution that
    is not depthwise: these may only move within their groups.

    Args:
        module: the network.
        input_shape: of one input, the batch left out.
        prunable: names of the tensors to tell about.

    Returns:
        Groups in the order of execution; () when the network cannot be traced.
    """
    try:
        graph = trace(module, input_shape)
    except Unsupported:
        return ()
    return graph_axes(graph, prunable)


def graph_axes(graph: Graph, names: Collection[str]) -> Axes:
    """The same from a graph; weights of linear layers and convolutions may be named."""
    odd = _odd_units(graph)
    uses: dict[Units, list[AxisUse]] = {}
    for along in hidden_axes(graph):
        if along.node.kind in ("linear", "conv") and along.role == "weight" and along.tensor in names:
            uses.setdefault(along.units, []).append(AxisUse(along.tensor, along.axis, along.repeat))
    return tuple(AxisGroup(len(units), tuple(found), bool(odd[list(units)].all())) for units, found in uses.items())


def _odd_units(graph: Graph) -> Tensor:
    """Whether the sign of each unit passes all that is computed on it alone."""
    labels = unit_labels(graph)
    odd = torch.ones(1 + max(int(along.max()) for along in labels.values()), dtype=torch.bool)
    for node in graph.nodes:
        even = node.kind == "activation" and node.options["function"] not in ODD
        if even or node.kind == "maxpool":
            odd[labels[node.name]] = False
    return odd
