"""Whether tensors fit a graph."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from winnow.core import WinnowError
from winnow.networks.graph import Graph, Node


def check_tensors(graph: Graph, tensors: Mapping[str, Tensor]) -> None:
    """Make sure that every tensor of the graph is there with its shape.

    Raises:
        WinnowError: WN-M02 when one is missing or of another shape.
    """
    for node in graph.nodes[1:]:
        taken = graph.node(node.inputs[0]).shape
        for role, name in node.tensors.items():
            if name not in tensors:
                raise WinnowError("WN-M02", f"node {node.name} has no {role} in the file", where=name)
            found, wanted = tuple(tensors[name].shape), _shape(node, role, taken, tensors[name])
            if found != wanted:
                raise WinnowError("WN-M02", f"node {node.name} has a {role} of {found}, not {wanted}", where=name)
        if node.kind == "conv" and convolved(taken, node, tensors[node.tensors["weight"]]) != node.shape[1:]:
            raise WinnowError("WN-M02", f"the kernel does not turn {taken} into {node.shape}", where=node.name)


def _shape(node: Node, role: str, taken: tuple[int, ...], tensor: Tensor) -> tuple[int, ...]:
    """The shape that a tensor must have; a kernel's height and width are its own."""
    if role == "num_batches_tracked":
        return ()
    if role != "weight" or node.kind == "batchnorm":
        return (node.channels,)
    if node.kind == "linear":
        return (node.channels, taken[0])
    groups = node.options["groups"]
    whole = taken[0] % groups == 0 and node.channels % groups == 0
    return (node.channels, taken[0] // groups if whole else -1, *tensor.shape[2:4])


def convolved(taken: tuple[int, ...], node: Node, weight: Tensor) -> tuple[int, ...]:
    """Height and width after a convolution."""
    options = node.options
    spans = [dilation * (size - 1) for dilation, size in zip(options["dilation"], weight.shape[2:], strict=True)]
    windows = zip(taken[1:], spans, options["stride"], options["padding"], strict=True)
    return tuple((size + 2 * padding - span - 1) // stride + 1 for size, span, stride, padding in windows)
