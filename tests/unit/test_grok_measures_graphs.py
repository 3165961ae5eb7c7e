"""Graphs of masks: singular values against whole adjacencies, the relational graph against loops and networkx."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.measures import (
    MEAN,
    average_degree,
    clustering,
    graph_measures,
    path_length,
    ramanujan_gap,
    relational_graph,
    spectral_gap,
    third_eigenvalue,
)
from winnow.sparsity import Mask


def drawn(rows: int, columns: int, density: float, seed: int = 0) -> Tensor:
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed)) < density


def whole(matrix: Tensor) -> Tensor:
    """The adjacency of the bipartite graph."""
    rows, columns = matrix.shape
    found = torch.zeros(rows + columns, rows + columns, dtype=torch.float64)
    found[:rows, rows:], found[rows:, :rows] = matrix, matrix.T
    return found


@pytest.mark.parametrize(("rows", "columns"), [(9, 14), (14, 9), (6, 6), (1, 5), (5, 1), (2, 3)])
def test_singular_values_give_the_eigenvalues_of_the_whole_adjacency(rows: int, columns: int) -> None:
    mask = drawn(rows, columns, 0.6)
    weights = torch.randn(rows, columns, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * mask
    for matrix in (mask.double(), weights, weights.abs()):
        eigenvalues = torch.linalg.eigvalsh(whole(matrix)).flip(0)
        assert float(spectral_gap(matrix)) == pytest.approx(float(eigenvalues[0] - eigenvalues[1]), abs=1e-12)
    magnitudes = torch.linalg.eigvalsh(whole(mask.double())).abs().sort(descending=True).values
    assert float(third_eigenvalue(mask)) == pytest.approx(float(magnitudes[2]) if len(magnitudes) > 2 else 0, abs=1e-12)


def test_both_ramanujan_gaps_use_the_average_degree() -> None:
    mask = drawn(20, 30, 0.4)
    degrees = whole(mask.double()).sum(0)
    degree = float(degrees.mean())
    mu = float(third_eigenvalue(mask))
    assert float(average_degree(mask)) == pytest.approx(degree)
    assert float(ramanujan_gap(mask)) == pytest.approx(math.sqrt(2 * degree - 1) - mu)
    assert float(ramanujan_gap(mask, textbook=True)) == pytest.approx(2 * math.sqrt(degree - 1) - mu)


def test_complete_graphs_have_one_pair_of_eigenvalues() -> None:
    full = torch.ones(8, 8, dtype=torch.bool)
    assert float(third_eigenvalue(full)) == pytest.approx(0, abs=1e-12)
    assert float(spectral_gap(full)) == pytest.approx(8)
    assert float(ramanujan_gap(full, textbook=True)) == pytest.approx(2 * math.sqrt(7))


def test_an_empty_mask_has_bounds_of_zero() -> None:
    empty = torch.zeros(4, 5, dtype=torch.bool)
    assert float(ramanujan_gap(empty)) == float(ramanujan_gap(empty, textbook=True)) == 0
    assert math.isnan(path_length(relational_graph(empty)))
    assert float(clustering(relational_graph(empty))) == 0


def test_the_relational_graph_joins_neurons_that_share_more_than_chance() -> None:
    mask = drawn(7, 9, 0.5, seed=3)
    graph = relational_graph(mask)
    for one in range(16):
        for other in range(16):
            if (one < 7) != (other < 7):
                expected = bool(mask[min(one, other), max(one, other) - 7])
            else:
                lines = mask if one < 7 else mask.T
                i, j = (one, other) if one < 7 else (one - 7, other - 7)
                common = sum(bool(a and b) for a, b in zip(lines[i], lines[j], strict=True))
                expected = one != other and common > int(lines[i].sum()) * int(lines[j].sum()) / lines.shape[1]
            assert bool(graph[one, other]) == expected, (one, other)
    assert torch.equal(graph, graph.T)


def test_two_separate_blocks_are_two_cliques() -> None:
    mask = torch.block_diag(torch.ones(3, 4), torch.ones(2, 5)).bool()
    graph = relational_graph(mask)
    assert float(clustering(graph)) == 1
    assert float(path_length(graph)) == 1
    assert int(graph.sum()) == 7 * 6 + 7 * 6


def test_path_and_ring_have_the_lengths_that_one_counts() -> None:
    path = torch.diag(torch.ones(3), 1).bool()
    path = path | path.T
    assert float(path_length(path)) == pytest.approx((3 * 1 + 2 * 2 + 1 * 3) / 6)
    assert float(clustering(path)) == 0
    triangle = torch.ones(3, 3).bool() & ~torch.eye(3).bool()
    assert (float(path_length(triangle)), float(clustering(triangle))) == (1, 1)


@pytest.mark.parametrize("density", [0.15, 0.4, 0.8])
def test_lengths_and_clustering_are_those_of_networkx(density: float) -> None:
    networkx = pytest.importorskip("networkx")
    graph = relational_graph(drawn(12, 17, density, seed=int(100 * density)))
    known = networkx.from_numpy_array(graph.numpy().astype(int))
    assert float(clustering(graph)) == pytest.approx(networkx.average_clustering(known))
    lengths = [
        length
        for one, found in networkx.all_pairs_shortest_path_length(known)
        for other, length in found.items()
        if one != other
    ]
    assert float(path_length(graph)) == pytest.approx(sum(lengths) / len(lengths))


def test_a_stack_gives_what_its_masks_give() -> None:
    masks = [drawn(8, 11, 0.1 + 0.2 * seed, seed) for seed in range(4)] + [torch.zeros(8, 11, dtype=torch.bool)]
    stack = torch.stack(masks)
    for measure in (third_eigenvalue, ramanujan_gap, spectral_gap, average_degree):
        torch.testing.assert_close(measure(stack), torch.stack([measure(mask) for mask in masks]))
    graphs = [relational_graph(mask) for mask in masks]
    assert torch.equal(relational_graph(stack), torch.stack(graphs))
    for measure in (path_length, clustering):
        alone = torch.stack([measure(graph) for graph in graphs])
        torch.testing.assert_close(measure(torch.stack(graphs)), alone, equal_nan=True)


def test_all_measures_are_of_masked_weights_and_average_over_matrices() -> None:
    generator = torch.Generator().manual_seed(5)
    weights = {"a": torch.randn(6, 8, generator=generator), "b": torch.randn(8, 5, generator=generator)}
    mask = Mask({"a": drawn(6, 8, 0.5, 1), "b": drawn(8, 5, 0.5, 2)})
    found = graph_measures(weights, mask)
    assert list(found) == ["a", "b", MEAN]
    kept = torch.where(mask["a"], weights["a"], 0).double()
    first = found["a"]
    assert first.third_eigenvalue == pytest.approx(float(third_eigenvalue(mask["a"])))
    assert first.ramanujan_gap == pytest.approx(float(ramanujan_gap(mask["a"])))
    assert first.textbook_gap == pytest.approx(float(ramanujan_gap(mask["a"], textbook=True)))
    assert first.spectral_gap == pytest.approx(float(spectral_gap(mask["a"])))
    assert first.weighted_gap == pytest.approx(float(spectral_gap(kept.abs())))
    assert first.signed_gap == pytest.approx(float(spectral_gap(kept)))
    assert first.path_length == pytest.approx(float(path_length(relational_graph(mask["a"]))))
    assert first.clustering == pytest.approx(float(clustering(relational_graph(mask["a"]))))
    for name, value in vars(found[MEAN]).items():
        assert value == pytest.approx((getattr(first, name) + getattr(found["b"], name)) / 2)
    with pytest.raises(WinnowError, match="WN-P02"):
        graph_measures({"a": weights["a"]}, mask)
