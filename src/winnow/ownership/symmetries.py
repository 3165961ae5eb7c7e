"""Rewrites of a traced network that leave its function as it is: what a thief can do to a mark at no cost.

Each takes a graph with its tensors and gives new ones; outputs in eval mode are the same to rounding. Where the shapes
stay, the tensors fit the module that was traced as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from winnow.networks import Graph, fold_normalisation
from winnow.ownership.channels import Rewritten as Rewritten
from winnow.ownership.channels import hidden_axes
from winnow.ownership.scaling import rescaled as rescaled
from winnow.ownership.scaling import sign_flipped as sign_flipped
from winnow.ownership.widening import padded as padded
from winnow.ownership.widening import split as split


def permuted(graph: Graph, tensors: Mapping[str, Tensor], generator: Generator) -> Rewritten:
    """The network with the channels of every hidden axis in a random order.

    Args:
        graph: the network.
        tensors: its state dict; left as it is.
        generator: source of the orders, on the CPU.
    """
    state, orders = dict(tensors), {}
    for along in hidden_axes(graph):
        if along.units not in orders:
            orders[along.units] = torch.randperm(len(along.units), generator=generator)
        tensor = state[along.tensor]
        state[along.tensor] = tensor.index_select(along.axis, along.entries(orders[along.units]).to(tensor.device))
    return Rewritten(graph, state)


def folded(graph: Graph, tensors: Mapping[str, Tensor]) -> Rewritten:
    """The network with its batch normalisations in the weights and biases before them, where they can be."""
    return Rewritten(*fold_normalisation(graph, tensors))
