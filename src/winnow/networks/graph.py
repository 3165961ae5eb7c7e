"""`Graph`: a network as a short list of plain operations, without the Python class that it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from winnow.networks.checking import checked_plain


class Unsupported(ValueError):  # noqa: N818  (it reads as the sentence it carries)
    """A network that cannot be written as a graph; the message names the operation and where it stands."""


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        name: unique in the graph.
        kind: "input", "linear", "conv", "batchnorm", "activation", "add", "maxpool", "avgpool", "flatten" or "dropout".
        inputs: the names of the nodes that it reads.
        shape: of its output, the batch left out: (C, H, W) or (F,).
        tensors: role (weight, bias, running_mean, running_var, num_batches_tracked) to name in the state dict.
        options: plain data, sizes as (height, width). conv: stride, padding, dilation, groups. batchnorm: eps, momentum
            (None for the plain average). activation: function, and its arguments. maxpool, avgpool: kernel, stride,
            padding. avgpool, besides: method, the torch function ("window", "adaptive" or "mean"). dropout: p.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    tensors: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """How many channels (of an image) or units (of a vector) it puts out."""
        return self.shape[0]


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of execution: the first is the input, the last the output."""

    nodes: tuple[Node, ...]

    @property
    def input(self) -> Node:
        """The node that stands for the images."""
        return self.nodes[0]

    @property
    def output(self) -> Node:
        """The node whose values the network returns."""
        return self.nodes[-1]

    def node(self, name: str) -> Node:
        """The node of that name.

        Raises:
            KeyError: when there is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read this one, in order."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def to_plain(self) -> dict[str, Any]:
        """The graph as JSON data: lists, dictionaries, numbers and text."""
        return {"nodes": [_plain(node) for node in self.nodes]}

    @classmethod
    def from_plain(cls, plain: Any) -> Graph:
        """The graph that `to_plain` wrote, also after a journey through JSON.

        Raises:
            WinnowError: WN-S03 when it is no graph: an unknown kind, a node read before it is there, a missing option.
        """
        return cls(tuple(Node(**fields) for fields in checked_plain(plain)))


def _plain(node: Node) -> dict[str, Any]:
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in node.options.items()}
    return {
        "name": node.name,
        "kind": node.kind,
        "inputs": list(node.inputs),
        "shape": list(node.shape),
        "tensors": dict(node.tensors),
        "options": options,
    }
