"""`compact`: the same network without the units that pruning left dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from winnow.networks.constants import constants, kernels, stuck
from winnow.networks.fitting import check_tensors
from winnow.networks.graph import Graph, Node
from winnow.networks.units import is_dense, is_depthwise, unit_labels

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Compacted:
    """A smaller network of the same function.

    Attributes:
        graph: with the smaller shapes, and a bias where a constant needed one.
        tensors: its state dict; names that the graph never read are passed on.
        removed: for each linear and convolution node, how many of how many units or channels are gone.
    """

    graph: Graph
    tensors: dict[str, Tensor]
    removed: dict[str, tuple[int, int]]


def compact(graph: Graph, tensors: Mapping[str, Tensor]) -> Compacted:
    """Remove every unit that puts out a constant, or that nobody reads, until there is none; for inference.

    A constant (the bias of a unit without inputs, through BatchNorm's running statistics, activations, sums and pools)
    is added to the biases of those who read it. A padded convolution reads no constant, since zeros surround it: of
    all constant channels before one, a single one stays and carries the others. Channels joined by a residual sum go
    together or stay. Inputs and outputs keep their shapes; a layer that loses all keeps one unit, of zeros. Grouped
    convolutions other than depthwise ones, and what they read, keep their channels.

    Args:
        graph: the network.
        tensors: its state dict, pruned weights exactly 0; left as it is.

    Returns:
        A network whose outputs in eval mode equal the old to rounding. Folding is computed in float64.

    Raises:
        WinnowError: WN-M02 when the tensors do not fit the graph.
    """
    check_tensors(graph, tensors)
    small, state = graph, {name: t.detach().clone() for name, t in tensors.items()}
    before, now = None, _measure(small, state)
    while now != before:
        small, state = _round(small, state)
        before, now = now, _measure(small, state)
    weighted = [node for node in graph.nodes if node.kind in ("linear", "conv")]
    removed = {n.name: (n.channels - small.node(n.name).channels, n.channels) for n in weighted}
    return Compacted(small, state, removed)


def _measure(graph: Graph, state: Tensors) -> tuple[int, int]:
    """Weights, and how many of them are not 0: a round that changes neither cannot free anything more."""
    weights = [state[node.tensors["weight"]] for node in graph.nodes if node.kind in ("linear", "conv")]
    return sum(w.numel() for w in weights), sum(int(w.count_nonzero()) for w in weights)


def _round(graph: Graph, state: Tensors) -> tuple[Graph, Tensors]:
    """One removal of all units that are dead now. The state is changed in place."""
    values = constants(graph, state)
    labels = unit_labels(graph)
    for node in graph.nodes:
        if node.kind == "conv" and is_dense(node):
            _merge_stuck(node, values[node.inputs[0]], state)
    dead = _dead_units(graph, state, values, labels)
    nodes = [_folded(node, dead, values, labels, state) for node in graph.nodes]
    kept = ~dead
    for own in labels.values():
        if not kept[own].any():
            kept[own[0]] = True
    return _sliced(nodes, {name: kept[own] for name, own in labels.items()}, state)


def _merge_stuck(node: Node, values: Tensor, state: Tensors) -> None:
    """Let one constant channel before a padded convolution do the work of all: constant images differ by a factor."""
    weight = kernels(node, state)
    channels = (~values.isnan() & stuck(node, values) & (weight != 0).any(2).any(0)).nonzero().flatten()
    if len(channels) < 2:
        return
    # The largest carries: every factor is then at most 1.
    carrier = channels[values[channels].abs().argmax()]
    factors = values[channels] / values[carrier]
    shape = state[node.tensors["weight"]].shape
    merged = (weight[:, channels] * factors[:, None]).sum(1)
    weight[:, channels] = 0
    weight[:, carrier] = merged
    state[node.tensors["weight"]].copy_(weight.view(shape))


def _dead_units(graph: Graph, state: Tensors, values: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
    """Which units (numbered as in the labels) nobody reads otherwise than as a constant that a bias can take up."""
    dead = torch.ones(1 + max(int(own.max()) for own in labels.values()), dtype=torch.bool)
    dead[labels[graph.input.name]] = False
    dead[labels[graph.output.name]] = False
    for node in graph.nodes:
        if is_dense(node):
            read, taken = values[node.inputs[0]], labels[node.inputs[0]]
            unread = (kernels(node, state) == 0).all(2).all(0)
            dead[taken[~unread & (read.isnan() | stuck(node, read))]] = False
        elif node.kind == "conv" and not is_depthwise(node, graph):
            dead[labels[node.inputs[0]]] = False
            dead[labels[node.name]] = False
    return dead


def _folded(
    node: Node, dead: Tensor, values: Mapping[str, Tensor], labels: Mapping[str, Tensor], state: Tensors
) -> Node:
    """The node with the constants of dead inputs in its bias, and with zeros for dead inputs and outputs.

    The zeros matter where a layer loses all and must keep one unit: it shall neither read nor be read.
    """
    if node.kind not in ("linear", "conv"):
        return node
    weight = state[node.tensors["weight"]]
    if is_dense(node):
        gone = dead[labels[node.inputs[0]]]
        constant = values[node.inputs[0]][gone].nan_to_num()
        node = _with_bias(node, kernels(node, state)[:, gone].sum(2) @ constant, state)
        weight[:, gone.to(weight.device)] = 0
    for role in node.tensors:
        tensor = state[node.tensors[role]]
        tensor[dead[labels[node.name]].to(tensor.device)] = 0
    return node


def _with_bias(node: Node, added: Tensor, state: Tensors) -> Node:
    """The node with this (outputs,) added to its bias, a new one if it has none."""
    if not added.any():
        return node
    weight = state[node.tensors["weight"]]
    if "bias" not in node.tensors:
        path = node.tensors["weight"].rpartition(".")[0]
        name = f"{path}.bias" if path else "bias"
        node = replace(node, tensors={**node.tensors, "bias": name})
        state[name] = weight.new_zeros(node.channels)
    bias = state[node.tensors["bias"]]
    bias.copy_(bias.to("cpu", torch.float64) + added)
    return node


def _sliced(nodes: list[Node], kept: Mapping[str, Tensor], state: Tensors) -> tuple[Graph, Tensors]:
    """The graph and its tensors with only the channels that are kept."""
    smaller = []
    for node in nodes:
        own = kept[node.name].nonzero().flatten()
        for role, name in node.tensors.items():
            tensor = state[name]
            if role != "num_batches_tracked":
                tensor = tensor.index_select(0, own.to(tensor.device))
            if role == "weight" and is_dense(node):
                taken = kept[node.inputs[0]].nonzero().flatten()
                tensor = tensor.index_select(1, taken.to(tensor.device))
            state[name] = tensor
        options = dict(node.options)
        if options.get("groups", 1) > 1 and not kept[node.inputs[0]].all():
            options["groups"] = int(kept[node.inputs[0]].sum())  # a depthwise convolution: one group to a channel
        smaller.append(replace(node, shape=(len(own), *node.shape[1:]), options=options))
    return Graph(tuple(smaller)), state
