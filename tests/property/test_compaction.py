"""Laws of compaction: the same function, no unit left that search over the weights finds dead, idempotence."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from networks import ACTIVATIONS, Residual, Separable, TwoTails, conv_chain, fill, linear_chain, prune_randomly
from winnow.networks import Compacted, Graph, GraphNetwork, compact, trace

activations = st.sampled_from(ACTIVATIONS)
seeds = st.integers(0, 2**32)
densities = st.sampled_from([0.0, 0.03, 0.1, 0.3, 0.7, 1.0])
deaths = st.sampled_from([0.0, 0.2, 0.5, 0.9])
dtypes = st.sampled_from([torch.float32, torch.float64])
pools = st.sampled_from([nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1)])
widths = st.lists(st.integers(1, 12), min_size=3, max_size=6).map(tuple)
chains = st.builds(linear_chain, widths, activations, norm=st.booleans(), bias=st.booleans())
convs = st.builds(conv_chain, st.integers(0, 1), pools, activations, bias=st.booleans())
residuals = st.builds(Residual, activations, padding=st.integers(0, 1), bias=st.booleans())
separables = st.builds(Separable, padding=st.just(1), grouped=st.booleans())


def check(module: nn.Module, shape: tuple[int, ...], seed: int, density: float, death: float, dtype: torch.dtype):
    """Fill, prune and compact; the outputs must be the same."""
    fill(module, seed)
    prune_randomly(module, seed, density, death)
    module.to(dtype).eval()
    graph = trace(module, shape)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    small = compact(graph, module.state_dict())
    images = torch.randn(6, *shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    with torch.no_grad():
        expected, found = module(images), GraphNetwork(small.graph, small.tensors).eval()(images)
    close = 1e-5 if dtype == torch.float32 else 1e-10
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= close * float(expected.abs().max())
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    check_form(graph, small)
    return graph, small


def check_form(graph: Graph, small: Compacted) -> None:
    assert Graph.from_plain(small.graph.to_plain()) == small.graph
    assert [node.name for node in small.graph.nodes] == [node.name for node in graph.nodes]
    assert (small.graph.input, small.graph.output.shape) == (graph.input, graph.output.shape)
    for name, (gone, of) in small.removed.items():
        assert (graph.node(name).channels, small.graph.node(name).channels) == (of, of - gone)
    again = compact(small.graph, small.tensors)
    assert not any(gone for gone, _ in again.removed.values())


@settings(max_examples=30)
@given(chains, seeds, densities, deaths, dtypes)
def test_a_linear_chain_keeps_its_function(
    module: nn.Sequential, seed: int, density: float, death: float, dtype: torch.dtype
) -> None:
    taken = next(layer.in_features for layer in module if isinstance(layer, nn.Linear))
    check(module, (taken,), seed, density, death, dtype)


@settings(max_examples=30)
@given(convs, seeds, densities, deaths, dtypes)
def test_a_convolutional_chain_keeps_its_function(
    module: nn.Module, seed: int, density: float, death: float, dtype: torch.dtype
) -> None:
    check(module, (2, 12, 12), seed, density, death, dtype)


@settings(max_examples=30)
@given(residuals, seeds, densities, deaths, dtypes)
def test_a_residual_network_keeps_its_function(
    module: nn.Module, seed: int, density: float, death: float, dtype: torch.dtype
) -> None:
    check(module, (2, 8, 8), seed, density, death, dtype)


@settings(max_examples=30)
@given(separables, seeds, densities, deaths, dtypes)
def test_depthwise_and_grouped_convolutions_keep_their_function(
    module: nn.Module, seed: int, density: float, death: float, dtype: torch.dtype
) -> None:
    check(module, (3, 9, 9), seed, density, death, dtype)


@settings(max_examples=30)
@given(st.builds(TwoTails), seeds, densities, deaths, dtypes)
def test_units_that_couple_in_blocks_keep_their_function(
    module: nn.Module, seed: int, density: float, death: float, dtype: torch.dtype
) -> None:
    check(module, (1, 6, 6), seed, density, death, dtype)


def live_counts(weights: list[Tensor]) -> list[int]:
    """By search over the connections: how many units of each hidden layer lie on a path from an input to an output."""
    connections = [(w != 0).flatten(2).any(2) if w.dim() > 2 else w != 0 for w in weights]
    forward = [torch.ones(connections[0].shape[1], dtype=torch.bool)]
    for connection in connections:
        forward.append((connection & forward[-1]).any(1))
    backward = [torch.ones(len(connections[-1]), dtype=torch.bool)]
    for connection in reversed(connections):
        backward.append((connection & backward[-1][:, None]).any(0))
    return [int((f & b).sum()) for f, b in zip(forward, reversed(backward), strict=True)][1:-1]


@settings(max_examples=30)
@given(chains, seeds, densities, deaths)
def test_a_linear_chain_keeps_exactly_the_units_between_input_and_output(
    module: nn.Sequential, seed: int, density: float, death: float
) -> None:
    layers = [layer for layer in module if isinstance(layer, nn.Linear)]
    _, small = check(module, (layers[0].in_features,), seed, density, death, torch.float64)
    kept = [of - gone for gone, of in small.removed.values()][:-1]
    assert kept == [max(count, 1) for count in live_counts([layer.weight for layer in layers])]


@settings(max_examples=25)
@given(activations, st.integers(0, 1), seeds, densities, deaths)
def test_convolutions_keep_the_channels_between_and_one_constant_where_zeros_surround_it(
    activation: Callable[[], nn.Module], padding: int, seed: int, density: float, death: float
) -> None:
    module = conv_chain(0, nn.MaxPool2d(2), activation)
    convs = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    convs[1].padding = (padding, padding)
    flat = module.get_submodule("0").eval()(torch.zeros(1, 2, 12, 12)).shape[1]
    module[1] = nn.Linear(flat, 9)
    _, small = check(module, (2, 12, 12), seed, density, death, torch.float64)
    # The linear layer reads each channel at several places: any of them keeps it alive.
    columns = module.get_parameter("1.weight").detach().view(9, 5, -1)
    counts = live_counts([*(conv.weight for conv in convs), columns, module.get_parameter("3.weight")])
    kept = [of - gone for gone, of in small.removed.values()]
    if padding:  # behind the zeros are channels that vary over the image, though not with it
        assert max(counts[0], 1) <= kept[0] <= max(counts[0], 1) + 1
    else:
        assert kept[:-1] == [max(count, 1) for count in counts]


@given(st.permutations(range(6)), seeds)
@settings(max_examples=20)
def test_removal_does_not_depend_on_the_order_of_units(order: list[int], seed: int) -> None:
    module = linear_chain((4, 6, 3))
    fill(module, seed)
    prune_randomly(module, seed, 0.3, 0.3)
    mixed = linear_chain((4, 6, 3))
    mixed.load_state_dict(module.state_dict())
    first, last = [layer for layer in mixed if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for tensor in (first.weight, first.bias):
            tensor.copy_(tensor[order])
        last.weight.copy_(last.weight[:, order])
    one, other = (compact(trace(m, (4,)), m.state_dict()) for m in (module, mixed))
    assert one.removed == other.removed


def test_the_drawn_networks_vary_and_shrink() -> None:
    """The laws above would say nothing of networks whose outputs are all constant, or that have nothing to remove."""
    varied, shrunk = 0, 0
    for seed, density in itertools.product(range(10), (0.3, 0.7)):
        module = Residual()
        graph, small = check(module, (2, 8, 8), seed, density, 0.2, torch.float64)
        outputs = module(torch.randn(8, 2, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
        varied += bool(outputs.std(0).max() > 0.05)
        shrunk += sum(node.channels for node in small.graph.nodes) < sum(node.channels for node in graph.nodes)
    assert varied > 12
    assert shrunk > 15
