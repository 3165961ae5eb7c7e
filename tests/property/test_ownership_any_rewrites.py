"""Rewrites of random chains, in any order: the function stays."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from networks import fill, linear_chain
from winnow.networks import GraphNetwork, trace
from winnow.ownership.symmetries import Rewritten, folded, padded, permuted, rescaled, sign_flipped, split

REWRITES = {
    "permuted": permuted,
    "rescaled": rescaled,
    "sign_flipped": sign_flipped,
    "padded": padded,
    "split": split,
    "folded": lambda graph, tensors, _: folded(graph, tensors),
}


@settings(max_examples=15, deadline=None)
@given(
    widths=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    activation=st.sampled_from([nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU]),
    norm=st.booleans(),
    order=st.lists(st.sampled_from(sorted(REWRITES)), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_any_order_of_rewrites_leaves_the_function(
    widths: list[int], activation: type[nn.Module], norm: bool, order: list[str], seed: int
) -> None:
    module = linear_chain(tuple(widths), activation, norm=norm).double()
    fill(module, seed)
    module.eval()
    found, generator = Rewritten(trace(module, (widths[0],)), module.state_dict()), torch.Generator().manual_seed(seed)
    for name in order:
        found = REWRITES[name](*found, generator)
    inputs = torch.randn(5, widths[0], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        got, expected = GraphNetwork(found.graph, found.tensors).eval()(inputs), module(inputs)
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)
