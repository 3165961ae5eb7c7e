"""Folded against plain, in float64: outputs, gradients, and stacks against each network alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from winnow.grokking.networks import Network, network_named
from winnow.grokking.networks.dense import Dense
from winnow.grokking.networks.features import FeatureMlp
from winnow.grokking.networks.mlp import PairMlp
from winnow.grokking.networks.one_layer import OneLayer
from winnow.grokking.networks.prompts import Prompt
from winnow.grokking.networks.two_layer import TwoLayer
from winnow.grokking.tasks import Sizes

pytestmark = pytest.mark.usefixtures("one_thread")

EXACT = 1e-10
# As the papers have them, but for a smaller vocabulary.
NAMED = {
    "mlp": Sizes(arity=2, tokens=7, outputs=7),
    "transformer": Sizes(arity=2, tokens=7, outputs=7),
    "transformer-paper": Sizes(arity=2, tokens=7, outputs=7),
    "transformer-nanda": Sizes(arity=2, tokens=7, outputs=7),
    "transformer-grokfast": Sizes(arity=2, tokens=7, outputs=7),
    "dense-200": Sizes(arity=30, outputs=10),
}


def stacked(network: Network, runs: int, seed: int) -> dict[str, Tensor]:
    """Weights of several runs, every bias and scale away from its start."""
    generator = torch.Generator().manual_seed(seed)
    starts = [network.start(generator) for _ in range(runs)]
    weights = {name: torch.stack([start[name] for start in starts]).double() for name in starts[0]}
    noise = {n: 0.3 * torch.randn(t.shape, generator=generator, dtype=torch.float64) for n, t in weights.items()}
    return {n: t if n in network.prunable else t + noise[n] for n, t in weights.items()}


def drawn_inputs(sizes: Sizes, runs: int, count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if sizes.tokens is None:
        return torch.randn(runs, count, sizes.arity, generator=generator, dtype=torch.float64)
    return torch.randint(sizes.tokens, (runs, count, sizes.arity), generator=generator)


def folded(network: Network, weights: dict[str, Tensor], inputs: Tensor, upper: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Outputs of a stack, and the gradients of their product with `upper`."""
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in weights.items()}
    outputs = network.outputs_of(leaves, network.prepare(inputs))
    return outputs.detach(), list(torch.autograd.grad(outputs, list(leaves.values()), upper))


def assert_folded_is_plain(network: Network, sizes: Sizes, *, runs: int, count: int, seed: int) -> None:
    weights = stacked(network, runs, seed)
    inputs = drawn_inputs(sizes, runs, count, seed)
    upper = torch.randn(runs, count, sizes.outputs, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    outputs, gradients = folded(network, weights, inputs, upper)
    assert outputs.shape == (runs, count, sizes.outputs)
    for run in range(runs):
        leaves = {name: tensor[run].clone().requires_grad_() for name, tensor in weights.items()}
        plain = network.plain(leaves, inputs[run])
        assert float((outputs[run] - plain.detach()).abs().max()) < EXACT
        expected = torch.autograd.grad(plain, list(leaves.values()), upper[run])
        for name, found, wanted in zip(leaves, gradients, expected, strict=True):
            assert float((found[run] - wanted).abs().max()) < EXACT, name


@pytest.mark.parametrize("name", NAMED)
def test_a_stack_of_the_papers_networks_is_plain(name: str) -> None:
    network = network_named(name, NAMED[name])
    assert_folded_is_plain(network, NAMED[name], runs=3, count=12, seed=1)


@pytest.mark.parametrize("name", NAMED)
def test_runs_of_a_stack_do_not_see_each_other(name: str) -> None:
    sizes = NAMED[name]
    network = network_named(name, sizes)
    weights, inputs = stacked(network, 3, seed=2), drawn_inputs(sizes, 3, 9, seed=2)
    upper = torch.ones(3, 9, sizes.outputs, dtype=torch.float64)
    outputs, gradients = folded(network, weights, inputs, upper)
    for run in range(3):
        own = slice(run, run + 1)
        alone, gradients_alone = folded(network, {n: t[own] for n, t in weights.items()}, inputs[own], upper[own])
        assert float((outputs[own] - alone).abs().max()) < EXACT
        for together, apart in zip(gradients, gradients_alone, strict=True):
            assert float((together[own] - apart).abs().max()) < EXACT
    # And exactly nothing of a run's loss reaches another run.
    upper[1:] = 0
    for gradient in folded(network, weights, inputs, upper)[1]:
        assert not gradient[1:].any()


@pytest.mark.parametrize("name", NAMED)
def test_outputs_keep_the_precision_of_the_weights(name: str) -> None:
    sizes = NAMED[name]
    network = network_named(name, sizes)
    weights, inputs = stacked(network, 2, seed=3), drawn_inputs(sizes, 2, 6, seed=3)
    exact = network.outputs_of(weights, network.prepare(inputs))
    inputs = inputs.float() if sizes.tokens is None else inputs
    rounded = network.outputs_of({n: t.float() for n, t in weights.items()}, network.prepare(inputs))
    assert rounded.dtype == torch.float32
    assert torch.allclose(rounded.double(), exact, atol=1e-4)


runs, counts, seeds = st.integers(1, 3), st.integers(1, 12), st.integers(0, 2**31)


@settings(max_examples=60)
@given(
    fixed=st.lists(st.booleans(), min_size=1, max_size=4).filter(lambda places: not all(places)),
    positions=st.booleans(),
    biases=st.booleans(),
    heads=st.integers(1, 3),
    runs=runs,
    count=counts,
    seed=seeds,
)
def test_any_one_layer_transformer_is_plain(
    fixed: list[bool], positions: bool, biases: bool, heads: int, runs: int, count: int, seed: int
) -> None:
    """Fixed tokens at any place, the last or not."""
    tokens = 5
    extra = iter(range(tokens, tokens + len(fixed)))
    pattern = tuple(next(extra) if is_fixed else None for is_fixed in fixed)
    sizes = Sizes(arity=fixed.count(False), tokens=tokens, outputs=4)
    prompt = Prompt(tokens, pattern, positions)
    network = OneLayer(
        prompt=prompt, outputs=4, width=6, neurons=7, heads=heads, head_width=3, biases=biases, starts_by_width=biases
    )
    assert_folded_is_plain(network, sizes, runs=runs, count=count, seed=seed)


@settings(max_examples=25)
@given(tokens=st.integers(1, 6), heads=st.sampled_from([1, 2, 4]), runs=runs, count=counts, seed=seeds)
def test_any_two_layer_transformer_is_plain(tokens: int, heads: int, runs: int, count: int, seed: int) -> None:
    network = TwoLayer(tokens=tokens, outputs=3, width=8, heads=heads)
    assert_folded_is_plain(network, Sizes(arity=2, tokens=tokens, outputs=3), runs=runs, count=count, seed=seed)


@settings(max_examples=40)
@given(arity=st.integers(1, 4), tokens=st.integers(1, 6), runs=runs, count=counts, seed=seeds)
def test_any_mlp_is_plain(arity: int, tokens: int, runs: int, count: int, seed: int) -> None:
    pair = PairMlp(tokens, 3, width=6, hidden=5)
    assert_folded_is_plain(pair, Sizes(arity=arity, tokens=tokens, outputs=3), runs=runs, count=count, seed=seed)
    features = FeatureMlp(arity, 3, width=6, hidden=5)
    assert_folded_is_plain(features, Sizes(arity=arity, outputs=3), runs=runs, count=count, seed=seed)
    dense = Dense((arity, 4, tokens, 3))
    assert_folded_is_plain(dense, Sizes(arity=arity, outputs=3), runs=runs, count=count, seed=seed)
