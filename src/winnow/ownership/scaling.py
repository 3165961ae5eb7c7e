"""Rescaled channels and flipped signs: factors that one layer gives and the next takes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Generator, Tensor

from winnow.networks import Graph, Node
from winnow.ownership.channels import Rewritten
from winnow.ownership.coupling import ODD

# Element-wise functions with f(a x) = a f(x) for every a > 0.
HOMOGENEOUS = frozenset({"relu", "leaky_relu"})


def rescaled(graph: Graph, tensors: Mapping[str, Tensor], generator: Generator, *, spread: float = 1.0) -> Rewritten:
    """The network with every hidden channel at a random positive scale.

    A scale passes ReLU, sums, pools and flattening. Before a batch normalisation it goes into the running statistics,
    behind one into scale and shift. Before any other activation than ReLU and leaky ReLU there is none.

    Args:
        graph: the network.
        tensors: its state dict; left as it is.
        generator: source of the scales, on the CPU.
        spread: standard deviation of the scales' logarithms.
    """
    classes, fixed = _classes(graph, HOMOGENEOUS, signs=False)
    noise = torch.randn(len(fixed), generator=generator, dtype=torch.float64)
    return _with_factors(graph, tensors, classes, torch.where(fixed, 1.0, torch.exp(spread * noise)))


def sign_flipped(graph: Graph, tensors: Mapping[str, Tensor], generator: Generator) -> Rewritten:
    """The network with the signs of a random half of its hidden channels flipped, where that is exact.

    Between a layer and a batch normalisation with a scale, any channel: the running mean and the scale flip too.
    Elsewhere only where nothing but tanh, sums, averages and flattening lies between two layers: a ReLU or a maximum
    lets no sign pass. A network of ReLU without batch normalisation comes back as it is.
    """
    classes, fixed = _classes(graph, ODD, signs=True)
    flips = torch.rand(len(fixed), generator=generator) < 0.5
    return _with_factors(graph, tensors, classes, torch.where(flips & ~fixed, -1.0, 1.0).double())


def _classes(graph: Graph, passing: Collection[str], *, signs: bool) -> tuple[dict[str, Tensor], Tensor]:
    """Which channels of which nodes share one factor, and which classes must keep the factor 1.

    Args:
        graph: the network.
        passing: activations that a factor passes.
        signs: whether factors are signs, which a maximum does not let pass, nor a normalisation without a scale alter.

    Returns:
        For each node the class of each of its channels (C,); for each class whether it is fixed.
    """
    starts = np.cumsum([0, *(node.channels for node in graph.nodes)])
    ids = {node.name: np.arange(a, a + node.channels) for node, a in zip(graph.nodes, starts, strict=False)}
    pairs: list[np.ndarray] = [np.empty((2, 0), dtype=int)]
    held = [ids[graph.input.name], ids[graph.output.name]]
    for node in graph.nodes[1:]:
        rigid = signs and "weight" not in node.tensors
        if node.kind in ("linear", "conv") or (node.kind == "batchnorm" and not rigid):
            continue
        own = ids[node.name]
        pairs += [np.stack([own, np.repeat(ids[name], node.channels // len(ids[name]))]) for name in node.inputs]
        blocked = node.kind == "activation" and node.options["function"] not in passing
        if blocked or (signs and node.kind == "maxpool"):
            held.append(own)
    edges = np.concatenate(pairs, axis=1)
    joined = coo_array((np.ones(edges.shape[1]), (edges[0], edges[1])), shape=(starts[-1], starts[-1]))
    count, found = connected_components(joined, directed=False)
    fixed = torch.zeros(count, dtype=torch.bool)
    fixed[torch.from_numpy(found[np.concatenate(held)]).long()] = True
    return {name: torch.from_numpy(found[own]).long() for name, own in ids.items()}, fixed


def _with_factors(
    graph: Graph, tensors: Mapping[str, Tensor], classes: Mapping[str, Tensor], factors: Tensor
) -> Rewritten:
    state = dict(tensors)
    for node in graph.nodes[1:]:
        given, taken = factors[classes[node.name]], factors[classes[node.inputs[0]]]
        if node.kind in ("linear", "conv"):
            _scale_layer(node, given, taken, state)
        elif node.kind == "batchnorm":
            _scale_normalisation(node, given, taken, state)
    return Rewritten(graph, state)


def _scale_layer(node: Node, given: Tensor, taken: Tensor, state: dict[str, Tensor]) -> None:
    """Give out `given` times as much of what comes in `taken` times as large."""
    weight = state[node.tensors["weight"]]
    groups = node.options.get("groups", 1)
    reads = taken.view(groups, -1).repeat_interleave(node.channels // groups, 0)  # (outputs, inputs of the group)
    factor = (given[:, None] / reads).view(*reads.shape, *[1] * (weight.dim() - 2))
    _multiply(state, node.tensors["weight"], factor)
    if "bias" in node.tensors:
        _multiply(state, node.tensors["bias"], given)


def _scale_normalisation(node: Node, given: Tensor, taken: Tensor, state: dict[str, Tensor]) -> None:
    """The running statistics follow what comes in; scale and shift, where there are any, what goes out."""
    name, eps = node.tensors["running_var"], node.options["eps"]
    spread = state[name].double() + eps
    if "weight" in node.tensors:
        # The sum of variance and eps cannot be below eps; what is missing goes into the scale.
        wanted = torch.clamp(spread * taken.to(spread) ** 2, min=eps)
        _multiply(state, node.tensors["weight"], given * (wanted / spread).sqrt().cpu() / taken)
    else:
        wanted = torch.clamp(spread * (taken / given).to(spread) ** 2, min=eps)
    state[name] = (wanted - eps).to(state[name].dtype)
    _multiply(state, node.tensors["running_mean"], taken)
    if "bias" in node.tensors:
        _multiply(state, node.tensors["bias"], given)


def _multiply(state: dict[str, Tensor], name: str, factor: Tensor) -> None:
    tensor = state[name]
    state[name] = (tensor.double() * factor.to(tensor.device)).to(tensor.dtype)
