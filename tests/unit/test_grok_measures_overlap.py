"""Distances between the masks of a run's steps, against pairs one by one and against chance."""

from __future__ import annotations

import pytest
import torch

from winnow.core import WinnowError
from winnow.grokking.measures import (
    ALL,
    adjacent_distances,
    chance_distance,
    chance_distances,
    distance_matrices,
    mask_distances,
)
from winnow.sparsity import Mask, jaccard

SHAPES = {"embed": (67, 500), "project_in": (500, 48)}


def drawn(seed: int, density: float = 0.4) -> Mask:
    generator = torch.Generator().manual_seed(seed)
    return Mask({name: torch.rand(shape, generator=generator) < density for name, shape in SHAPES.items()})


def test_distances_are_both_over_either() -> None:
    one = Mask({"a": torch.tensor([1, 1, 0, 0]), "b": torch.tensor([1, 0])})
    other = Mask({"a": torch.tensor([1, 0, 1, 0]), "b": torch.tensor([1, 0])})
    assert mask_distances(one, other) == pytest.approx({"a": 2 / 3, "b": 0.0, ALL: 1 / 2})


def test_independent_masks_of_density_two_fifths_are_three_quarters_apart() -> None:
    apart = mask_distances(drawn(0), drawn(1))
    assert apart[ALL] == pytest.approx(0.75, abs=0.005)
    assert chance_distance(0.4) == pytest.approx(0.75)
    assert chance_distance(0.5) == pytest.approx(2 / 3)
    assert chance_distance(0.3) == pytest.approx(0.82, abs=0.005)


def test_chance_counts_the_density_of_every_matrix() -> None:
    generator = torch.Generator().manual_seed(2)
    densities = {"sparse": 0.05, "dense": 0.9}
    one, other = (
        Mask({name: torch.rand(300, 200, generator=generator) < share for name, share in densities.items()})
        for _ in range(2)
    )
    chance, apart = chance_distances(one, other), mask_distances(one, other)
    assert chance == pytest.approx(apart, abs=0.01)
    assert chance["sparse"] == pytest.approx(chance_distance(0.05), abs=0.005)
    assert abs(chance[ALL] - chance_distance(one.density, other.density)) > 0.1


def test_chance_of_unequal_densities_is_symmetric_and_ends_at_the_ends() -> None:
    assert chance_distance(0.2, 0.7) == chance_distance(0.7, 0.2) == pytest.approx(1 - 0.14 / 0.76)
    assert (chance_distance(0), chance_distance(1), chance_distance(0, 1)) == (0, 0, 1)


def test_the_matrix_is_every_pairs_distance() -> None:
    steps = [4000, 0, 2000, 6000]
    masks = {step: drawn(step, 0.2 + step / 20_000) for step in steps}
    square = distance_matrices(masks)
    assert set(square) == {*SHAPES, ALL}
    for row, one in enumerate(sorted(steps)):
        for column, other in enumerate(sorted(steps)):
            apart = mask_distances(masks[one], masks[other])
            assert {name: float(matrix[row, column]) for name, matrix in square.items()} == pytest.approx(apart)
            assert float(square[ALL][row, column]) == pytest.approx(jaccard(masks[one], masks[other]))


def test_the_matrix_is_symmetric_with_an_exact_zero_diagonal() -> None:
    for matrix in distance_matrices({step: drawn(step) for step in range(5)}).values():
        assert torch.equal(matrix, matrix.T)
        assert torch.equal(matrix.diagonal(), torch.zeros(5, dtype=torch.float64))


def test_adjacent_distances_run_through_the_steps_in_their_order() -> None:
    masks = {step: drawn(step) for step in (20, 0, 10)}
    series = adjacent_distances(masks)
    expected = [jaccard(masks[0], masks[10]), jaccard(masks[10], masks[20])]
    assert series[ALL].tolist() == pytest.approx(expected)
    assert all(len(values) == 2 for values in series.values())
    assert all(len(values) == 0 for values in adjacent_distances({0: masks[0]}).values())


def test_empty_masks_are_equal() -> None:
    empty = Mask({"a": torch.zeros(3, 3)})
    full = Mask.ones({"a": torch.zeros(3, 3)})
    assert distance_matrices({0: empty, 1: empty, 2: full})["a"].tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 0]]
    assert chance_distances(empty, empty) == {"a": 0, ALL: 0}


def test_masks_of_different_networks_are_refused() -> None:
    other = Mask({"a": torch.ones(2, 2)})
    for measure in (mask_distances, chance_distances, lambda a, b: distance_matrices({0: a, 1: b})):
        with pytest.raises(WinnowError, match="WN-P02"):
            measure(drawn(0), other)
    with pytest.raises(WinnowError, match="WN-C01"):
        distance_matrices({})
