"""Channels added to a network without a change of its function: dummies that nobody reads, and split channels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from winnow.networks import Graph, Node
from winnow.networks.units import is_dense, is_depthwise, unit_labels
from winnow.ownership.channels import Along, Rewritten, Units, hidden_axes


@dataclass(frozen=True)
class _Wider:
    """The channels of one group: the source of each among the old (m,), its share of the readers, if it is a dummy."""

    sources: Tensor
    shares: Tensor
    dummy: Tensor


def padded(graph: Graph, tensors: Mapping[str, Tensor], generator: Generator, *, share: float = 0.1) -> Rewritten:
    """The network with dummy channels at random places of every hidden axis: they read, and nobody reads them.

    What a dummy reads are the weights of another channel in a random order, so that it looks like any other by size.

    Args:
        graph: the network.
        tensors: its state dict; left as it is.
        generator: source of all choices, on the CPU.
        share: dummies against the channels that are there; at least one to an axis.
    """
    return _widened(graph, tensors, generator, share, split=False)


def split(graph: Graph, tensors: Mapping[str, Tensor], generator: Generator, *, share: float = 0.1) -> Rewritten:
    """The network with some channels of every hidden axis in two copies, which share what their readers took of one.

    Arguments are as for `padded`; the shares are random, between 0.2 and 0.8.
    """
    return _widened(graph, tensors, generator, min(share, 1.0), split=True)


def _widened(
    graph: Graph, tensors: Mapping[str, Tensor], generator: Generator, share: float, *, split: bool
) -> Rewritten:
    axes = list(hidden_axes(graph))
    plans: dict[Units, _Wider] = {}
    for along in axes:
        if along.units not in plans:
            plans[along.units] = _plan(len(along.units), share, generator, split=split)
    state = dict(tensors)
    for along in axes:
        _widen(along, plans[along.units], state, generator)
    return Rewritten(_wider_graph(graph, plans), state)


def _plan(size: int, share: float, generator: Generator, *, split: bool) -> _Wider:
    extra = max(1, math.floor(share * size))
    chosen = torch.randperm(size, generator=generator).repeat(math.ceil(extra / size))[:extra]
    shares = torch.ones(size + extra, dtype=torch.float64)
    shares[size:] = 0
    if split:
        shares[size:] = 0.2 + 0.6 * torch.rand(extra, generator=generator, dtype=torch.float64)
        shares[chosen] = 1 - shares[size:]
    sources = torch.cat([torch.arange(size), chosen])
    dummy = (torch.arange(size + extra) >= size) & (not split)
    order = torch.randperm(size + extra, generator=generator)
    return _Wider(sources[order], shares[order], dummy[order])


def _widen(along: Along, wider: _Wider, state: dict[str, Tensor], generator: Generator) -> None:
    old = state[along.tensor]
    new = old.index_select(along.axis, along.entries(wider.sources).to(old.device))
    if along.axis == 1:
        shares = wider.shares.repeat_interleave(along.repeat).to(old.device)
        new = (new.double() * shares.view(1, -1, *[1] * (new.dim() - 2))).to(old.dtype)
    elif along.role == "weight" and new.dim() > 1:
        for row in along.entries(wider.dummy.nonzero().flatten()).tolist():
            mixed = torch.randperm(new[row].numel(), generator=generator)
            new[row] = new[row].flatten()[mixed.to(old.device)].view(new[row].shape)
    state[along.tensor] = new


def _wider_graph(graph: Graph, plans: Mapping[Units, _Wider]) -> Graph:
    labels = unit_labels(graph)
    nodes: list[Node] = []
    widths: dict[str, int] = {}
    for node in graph.nodes:
        units = tuple(labels[node.name].unique().tolist())
        repeat = node.channels // len(units)
        widths[node.name] = len(plans[units].sources) * repeat if units in plans else node.channels
        options = dict(node.options)
        if node.kind == "conv" and not is_dense(node) and is_depthwise(node, graph):
            options["groups"] = widths[node.inputs[0]]  # a depthwise convolution has one group to a channel
        nodes.append(replace(node, shape=(widths[node.name], *node.shape[1:]), options=options))
    return Graph(tuple(nodes))
