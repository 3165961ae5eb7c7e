"""V1: a mask split into what is released and a key; scores by paths against plain enumeration and networkx."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.models.resnet import BasicBlock
from winnow.ownership.paper.betweenness import edge_betweenness
from winnow.ownership.paper.locked import added_by_score, fake_key, lock, restore
from winnow.ownership.paper.scores import KEY_SCORES, Scored, by_betweenness, by_magnitude, by_paths, key_score_named
from winnow.ownership.paper.unit_graph import UnitGraph, unit_graph
from winnow.sparsity import Mask, prunable_layers, tensors_of, weights_of

Edge = tuple[int, int]


class Residual(nn.Module):
    """A block with a 1 x 1 shortcut, one without, and a grouped convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(BasicBlock(2, 4, 2), BasicBlock(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1, groups=2))
        self.output = nn.Linear(4, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.blocks(images).mean((2, 3)))


def chain() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))


def flattened() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 4), nn.Linear(4, 2)
    )


NETWORKS = {"chain": (chain, (1, 2, 3)), "flattened": (flattened, (2, 4, 4)), "residual": (Residual, (2, 8, 8))}


def scored(name: str, density: float = 0.5, seed: int = 0, **options: int) -> Scored:
    build, shape = NETWORKS[name]
    torch.manual_seed(seed)
    module = build()
    tensors = tensors_of(module)
    weights = weights_of(tensors, prunable_layers(module))
    mask = Mask({key: torch.rand(weight.shape) < density for key, weight in weights.items()})
    return Scored(tensors, mask, module, shape, **options)


def paths(graph: UnitGraph, weights: dict[str, Tensor]) -> Iterator[tuple[list[tuple[str, int]], float]]:
    """Every path from an input to an output, one weight of each kernel at a time, with its product: by recursion."""
    onwards: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
    for edges in graph.stages:
        positions = edges.positions if edges.name else np.zeros(len(edges.sources), np.int64)
        for source, target, position in zip(edges.sources, edges.targets, positions, strict=True):
            onwards[int(source)].append((int(target), edges.name, int(position)))
    outputs = set(graph.outputs.tolist())

    def go(vertex: int, walked: list[tuple[str, int]], product: float) -> Iterator[tuple[list[tuple[str, int]], float]]:
        if vertex in outputs:
            yield walked, product
        for target, name, position in onwards[vertex]:
            factor = abs(float(weights[name].flatten()[position])) if name else 1.0
            yield from go(target, [*walked, (name, position)], product * factor)

    for vertex in graph.inputs.tolist():
        yield from go(vertex, [], 1.0)


@pytest.mark.parametrize(("name", "density"), [("chain", 0.5), ("flattened", 0.15), ("residual", 0.12)])
def test_paths_are_the_best_products_of_all_paths(name: str, density: float) -> None:
    network = scored(name, density)
    assert network.module is not None
    graph = unit_graph(network.module, network.input_shape, network.mask)
    best = {key: torch.full(tensor.shape, -math.inf, dtype=torch.float64) for key, tensor in network.mask.items()}
    walks = 0
    for walked, product in paths(graph, dict(network.weights)):
        walks += 1
        for key, position in walked:
            if key:
                flat = best[key].view(-1)
                flat[position] = max(float(flat[position]), math.log(product))
    assert walks > 10
    found = by_paths(network)
    for key in best:
        assert torch.allclose(found[key], best[key], rtol=1e-9, atol=1e-9)


def test_keys_by_paths_hold_the_weights_of_the_best_paths() -> None:
    network = scored("chain")
    assert network.module is not None
    graph = unit_graph(network.module, network.input_shape, network.mask)
    ranked = sorted(paths(graph, dict(network.weights)), key=lambda one: -one[1])
    taken = {edge for walked, _ in ranked[:3] for edge in walked}
    key = lock(network.mask, by_paths(network), len(taken) / network.mask.kept).key
    assert {(name, int(p)) for name, t in key.items() for p in t.flatten().nonzero()} == taken


def as_networkx(graph: UnitGraph) -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_nodes_from(range(graph.vertices))
    for edges in graph.stages:
        made.add_edges_from(zip(edges.sources.tolist(), edges.targets.tolist(), strict=True))
    return made


@pytest.mark.parametrize("name", NETWORKS)
def test_betweenness_is_that_of_networkx(name: str) -> None:
    network = scored(name, 0.4)
    assert network.module is not None
    graph = unit_graph(network.module, network.input_shape, network.mask)
    expected: dict[Edge, float] = nx.edge_betweenness_centrality(as_networkx(graph), normalized=False)
    found = by_betweenness(network)
    for edges in (stage for stage in graph.stages if stage.name):
        values = found[edges.name].flatten()
        for source, target, position in zip(edges.sources, edges.targets, edges.positions, strict=True):
            assert float(values[position]) == pytest.approx(expected[int(source), int(target)])
        assert int(torch.isfinite(values).sum()) == len(edges.positions) == int(network.mask[edges.name].sum())


@pytest.mark.parametrize("seed", range(3))
def test_betweenness_of_any_graph_cycles_included_is_that_of_networkx(seed: int) -> None:
    graph = nx.gnp_random_graph(70, 0.05, seed=seed, directed=True)
    adjacency = sparse.csr_array(nx.to_scipy_sparse_array(graph))
    adjacency.sort_indices()
    expected: dict[Edge, float] = nx.edge_betweenness_centrality(graph, normalized=False)
    tails = np.repeat(np.arange(70), np.diff(adjacency.indptr))
    assert edge_betweenness(adjacency) == pytest.approx(
        [expected[int(tail), int(head)] for tail, head in zip(tails, adjacency.indices, strict=True)]
    )


def test_sampled_betweenness_comes_near_on_average_and_is_exact_with_all() -> None:
    graph = nx.gnp_random_graph(60, 0.08, seed=1, directed=True)
    adjacency = sparse.csr_array(nx.to_scipy_sparse_array(graph))
    exact = edge_betweenness(adjacency)
    assert np.array_equal(edge_betweenness(adjacency, 60), exact)
    draws = [edge_betweenness(adjacency, 30, seed) for seed in range(60)]
    assert not np.array_equal(draws[0], draws[1])
    assert np.abs(np.mean(draws, axis=0) - exact).mean() < 0.1 * exact.mean()


def test_pixels_of_a_flattened_channel_are_one_unit_and_of_a_flattened_input_many() -> None:
    build, shape = NETWORKS["flattened"]
    module = build()
    whole = Mask.ones(weights_of(tensors_of(module), prunable_layers(module)))
    graph = unit_graph(module, shape, whole)
    assert graph.vertices == 2 + 3 + 4 + 2
    linear = graph.stages[1]
    assert np.bincount(linear.sources, minlength=5).tolist() == [0, 0, 16, 16, 16]
    graph = unit_graph(chain(), (1, 2, 3), Mask({}))
    assert len(graph.inputs) == 6 and len(graph.outputs) == 3


@pytest.mark.parametrize("name", KEY_SCORES)
@pytest.mark.parametrize("share", [0.05, 0.15, 0.5])
def test_a_lock_is_a_partition_and_restores_exactly(name: str, share: float) -> None:
    network = scored("residual", 0.6)
    scores = key_score_named(name)(network)
    locked = lock(network.mask, scores, share)
    assert locked.key.kept == round(share * network.mask.kept)
    for layer, tensor in network.mask.items():
        assert not (locked.mask[layer] & locked.key[layer]).any()
        assert torch.equal(locked.mask[layer] | locked.key[layer], tensor)
    assert restore(locked.mask, locked.key) == network.mask
    least = min(float(scores[n][t].min()) for n, t in locked.key.items() if t.any())
    assert all(float(scores[n][t].max()) <= least for n, t in locked.mask.items() if t.any())


def test_random_keys_follow_the_seed() -> None:
    keys = [lock(n.mask, KEY_SCORES["random"](n), 0.2).key for n in (scored("chain", seed=0) for _ in range(2))]
    assert keys[0] == keys[1]
    other = Scored(scored("chain").weights, scored("chain").mask, seed=1)
    assert lock(other.mask, KEY_SCORES["random"](other), 0.2).key != keys[0]


def test_a_wrong_key_is_refused() -> None:
    network = scored("chain")
    locked = lock(network.mask, by_magnitude(network), 0.2)
    with pytest.raises(WinnowError, match="WN-O06"):
        restore(network.mask, locked.key)
    with pytest.raises(WinnowError, match="WN-O06"):
        restore(locked.mask, Mask({"1.weight": locked.key["1.weight"]}))


@pytest.mark.parametrize("share", [0.0, 0.001, 1.0])
def test_a_key_of_nothing_or_everything_is_refused(share: float) -> None:
    network = scored("chain")
    with pytest.raises(WinnowError, match="WN-O06"):
        lock(network.mask, by_magnitude(network), share)


def test_fake_keys_have_the_counts_and_touch_nothing_released() -> None:
    network = scored("chain")
    locked = lock(network.mask, by_magnitude(network), 0.2)
    counts = dict.fromkeys(network.mask, 2)
    fake = fake_key(locked.mask, counts, seed=3)
    assert {name: int(tensor.sum()) for name, tensor in fake.items()} == counts
    assert restore(locked.mask, fake).kept == locked.mask.kept + 6
    assert fake != fake_key(locked.mask, counts, seed=4)
    wanted = {name: tensor.float() for name, tensor in locked.key.items()}
    assert added_by_score(locked.mask, wanted, {n: int(t.sum()) for n, t in locked.key.items()}) == locked.key


def test_what_has_no_paths_is_told() -> None:
    class Opaque(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, values: Tensor) -> Tensor:
            return self.linear(values) if float(values.sum()) > 0 else values

    module = Opaque()
    mask = Mask.ones({"linear.weight": module.linear.weight})
    for network in (Scored(tensors_of(module), mask, module, (4,)), Scored(tensors_of(module), mask)):
        assert by_magnitude(network)["linear.weight"].shape == (4, 4)
        with pytest.raises(WinnowError, match="WN-O06"):
            by_paths(network)
    with pytest.raises(WinnowError, match="WN-O06"):
        key_score_named("entropy")
