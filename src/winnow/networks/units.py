"""Which channels of which nodes can only go together: a unit is one channel and all that hangs on it."""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.networks.graph import Graph, Node


def is_dense(node: Node) -> bool:
    """Whether each of its outputs reads all of its inputs: a linear layer or an ungrouped convolution."""
    return node.kind == "linear" or (node.kind == "conv" and node.options["groups"] == 1)


def is_depthwise(node: Node, graph: Graph) -> bool:
    """Whether it is a convolution in which every input channel has filters of its own."""
    return node.kind == "conv" and 1 < node.options["groups"] == graph.node(node.inputs[0]).channels


def unit_labels(graph: Graph) -> dict[str, Tensor]:
    """For each node, the number of the unit that each of its channels (C,) belongs to.

    A dense layer makes new units; what works on each channel alone passes them on; a sum makes one of two; flattening
    repeats a channel's for each of its pixels.
    """
    labels: dict[str, Tensor] = {}
    root = torch.empty(0, dtype=torch.long)
    for node in graph.nodes:
        if node.kind == "input" or is_dense(node) or (node.kind == "conv" and not is_depthwise(node, graph)):
            labels[node.name] = torch.arange(len(root), len(root) + node.channels)
            root = torch.cat([root, labels[node.name]])
            continue
        taken = labels[node.inputs[0]]
        labels[node.name] = taken.repeat_interleave(node.channels // len(taken))
        if node.kind == "add":
            root = _joined(root, taken, labels[node.inputs[1]])
    return {name: root[own] for name, own in labels.items()}


def _joined(root: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """The roots after each unit of one is made equal to its partner; a root is the smallest number of its unit."""
    while not torch.equal(root[one], root[other]):
        pairs = torch.stack([root[one], root[other]])
        root = root.clone()
        root[pairs.amax(0)] = pairs.amin(0)
        while not torch.equal(root, root[root]):
            root = root[root]
    return root
