"""Overlap of replicates' masks, and what chance gives, against an enumeration of all pairs of subsets."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.sparsity import Mask
from winnow.tickets.analysis.overlap import expected_overlap, overlap_rows


def enumerated(total: int, one: int, other: int) -> float:
    """The mean over every subset of the second size; by symmetry the first one can stay fixed."""
    first = set(range(one))
    overlaps = []
    for second in itertools.combinations(range(total), other):
        either = first | set(second)
        overlaps.append(len(first & set(second)) / len(either) if either else 1.0)
    return sum(overlaps) / len(overlaps)


@pytest.mark.parametrize("total", [1, 2, 5, 8])
def test_the_expectation_is_that_of_all_pairs_of_subsets(total: int) -> None:
    for one, other in itertools.product(range(total + 1), repeat=2):
        assert expected_overlap(total, one, other) == pytest.approx(enumerated(total, one, other), abs=1e-12)


@given(st.integers(1, 300), st.data())
def test_it_is_the_sum_over_the_hypergeometric_distribution(total: int, data: st.DataObject) -> None:
    one, other = data.draw(st.integers(1, total)), data.draw(st.integers(1, total))
    ways = math.comb(total, other)
    exact = sum(
        math.comb(one, x) * math.comb(total - one, other - x) * x / (ways * (one + other - x))
        for x in range(max(0, one + other - total), min(one, other) + 1)
    )
    assert expected_overlap(total, one, other) == pytest.approx(exact, rel=1e-9)
    assert expected_overlap(total, one, other) == pytest.approx(expected_overlap(total, other, one), rel=1e-9)


def test_for_a_large_layer_it_is_that_of_the_mean_intersection() -> None:
    total, kept = 20_000_000, 300_000
    mean = kept * kept / total
    assert expected_overlap(total, kept, kept) == pytest.approx(mean / (2 * kept - mean), rel=1e-4)


def test_every_pair_of_replicates_and_layer_has_a_row() -> None:
    masks = [Mask({"a": torch.tensor([[True, True, k == 0, k == 1]]), "b": torch.ones(2, 2)}) for k in range(3)]
    rows = overlap_rows(4, masks)
    assert [(row["layer"], row["replicate"], row["other"]) for row in rows] == [
        (layer, one, other) for one, other in ((0, 1), (0, 2), (1, 2)) for layer in ("a", "b")
    ]
    assert [row["overlap"] for row in rows if row["layer"] == "a"] == [2 / 4, 2 / 3, 2 / 3]
    assert all((row["overlap"], row["expected"]) == (1, 1) for row in rows if row["layer"] == "b")
    assert overlap_rows(4, masks[:1]) == []


def test_shuffled_masks_overlap_as_chance_says() -> None:
    generator = torch.Generator().manual_seed(0)
    mask = Mask({"w": torch.rand(100, 100, generator=generator) < 0.2})
    (row,) = overlap_rows(1, [mask, mask.shuffled(1)])
    assert row["overlap"] == pytest.approx(row["expected"], abs=0.01)
