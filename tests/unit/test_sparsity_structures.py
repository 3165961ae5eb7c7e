"""Channels and N:M on examples by hand; the laws are in tests/property."""

import math

import pytest
import torch

from winnow.core import WinnowError
from winnow.sparsity import Mask, Pool, prune, structure_named


def pruned(structure: str, scores: list, keep: int, alive: list | None = None) -> list:
    values = torch.tensor(scores, dtype=torch.float32)
    mask = Mask({"w": torch.ones_like(values) if alive is None else torch.tensor(alive)})
    return prune({"w": values}, mask, [Pool(("w",), keep)], structure_named(structure))["w"].int().tolist()


def test_channels_go_whole_by_their_mean() -> None:
    scores = [[9, 0, 0], [4, 4, 4], [3, 3, 5]]
    assert pruned("channel", scores, 6) == [[0, 0, 0], [1, 1, 1], [1, 1, 1]]
    assert pruned("channel", scores, 3) == [[0, 0, 0], [1, 1, 1], [0, 0, 0]]


def test_channels_are_ranked_by_what_lives_in_them() -> None:
    """The first row's one living weight is good: its dead ones do not pull its mean down."""
    assert pruned("channel", [[5, 0, 0], [4, 4, 4]], 1, [[1, 0, 0], [1, 1, 1]]) == [[1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("hidden", [math.nan, math.inf, -math.inf])
def test_a_dead_weights_score_never_ranks_its_channel(hidden: float) -> None:
    alive = [[1, 1], [0, 1], [1, 1]]
    assert pruned("channel", [[5, 5], [hidden, 1], [3, 3]], 4, alive) == [[1, 1], [0, 0], [1, 1]]
    assert pruned("channel", [[5, 5], [hidden, 9], [3, 3]], 3, alive) == [[1, 1], [0, 1], [0, 0]]


def test_equal_channels_go_from_the_first() -> None:
    assert pruned("channel", [[1, 1], [1, 1], [1, 1]], 4) == [[0, 0], [1, 1], [1, 1]]


def test_the_last_channel_of_a_tensor_stays_and_others_pay() -> None:
    scores = {"a": torch.full((2, 2), 0.1), "b": torch.tensor([[1.0, 1], [2, 2], [3, 3]])}
    mask = prune(scores, Mask.ones(scores), [Pool(("a", "b"), 4)], structure_named("channel"))
    assert mask["a"].int().tolist() == [[0, 0], [1, 1]]
    assert mask["b"].int().tolist() == [[0, 0], [0, 0], [1, 1]]


def test_a_channel_of_a_convolution_is_an_output_channel() -> None:
    scores = torch.ones(3, 2, 2, 2)
    scores[1] = 0
    mask = prune({"w": scores}, Mask.ones({"w": scores}), [Pool(("w",), 16)], structure_named("channel"))["w"]
    assert [bool(mask[row].all()) for row in range(3)] == [True, False, True]
    assert not mask[1].any()


def test_two_of_four_keeps_the_largest_two() -> None:
    assert pruned("2:4", [[1, 4, 3, 2, 0, 0, 5, 0.5]], 4) == [[0, 1, 1, 0, 0, 0, 1, 1]]


def test_n_of_m_ties_go_from_the_first() -> None:
    assert pruned("2:4", [[1, 1, 1, 1]], 2) == [[0, 0, 1, 1]]
    assert pruned("1:4", [[0, 2, 2, 1]], 1) == [[0, 0, 1, 0]]


def test_n_of_m_takes_the_dead_as_the_first_to_go() -> None:
    assert pruned("2:4", [[-9, 5, 5, -8]], 2, [[1, 0, 0, 1]]) == [[1, 0, 0, 1]]
    # A pool that keeps one weight only: it is the pattern that lets two live, not the pool.
    assert pruned("2:4", [[-math.inf, 0, 0, 1]], 1, [[1, 0, 0, 1]]) == [[1, 0, 0, 1]]
    assert pruned("2:4", [[-math.inf, math.nan, 0, 1]], 1, [[1, 0, 1, 1]]) == [[0, 0, 1, 1]]


def test_n_of_m_leaves_a_pool_that_keeps_everything() -> None:
    assert pruned("2:4", [[1, 2, 3]], 3) == [[1, 1, 1]]


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 3, 3), (5, 1)])
def test_n_of_m_needs_groups_that_divide(shape: tuple[int, ...]) -> None:
    scores = {"fc.weight": torch.rand(shape)}
    with pytest.raises(WinnowError) as caught:
        prune(scores, Mask.ones(scores), [Pool(("fc.weight",), 1)], structure_named("2:4"))
    assert caught.value.code == "WN-P03"
    assert "4" in caught.value.what


@pytest.mark.parametrize("structure", ["row", "channel", "2:4"])
def test_a_tensor_of_one_dimension_has_no_channels(structure: str) -> None:
    scores = {"fc.bias": torch.rand(4)}
    with pytest.raises(WinnowError) as caught:
        prune(scores, Mask.ones(scores), [Pool(("fc.bias",), 2)], structure_named(structure))
    assert caught.value.code == "WN-P03"
    assert "one dimension" in caught.value.what


@pytest.mark.parametrize("name", ["", "rows", "4:2", "2:2", "0:4", "2:0", "2:4:8", "-1:4", "2/4"])
def test_unknown_structures_are_refused(name: str) -> None:
    with pytest.raises(WinnowError) as caught:
        structure_named(name)
    assert caught.value.code == "WN-R02"


@pytest.mark.parametrize("structure", ["weight", "channel", "2:4"])
@pytest.mark.parametrize("position", [(0, 0), (1, 3)])
def test_a_score_that_is_no_number_is_refused_where_the_weight_lives(structure: str, position: tuple[int, int]) -> None:
    scores = {"a": torch.rand(2, 4), "b": torch.rand(2, 4)}
    scores["b"][position] = torch.nan
    with pytest.raises(WinnowError) as caught:
        prune(scores, Mask.ones(scores), [Pool(("a", "b"), 8)], structure_named(structure))
    assert (caught.value.code, caught.value.where) == ("WN-P03", "b")


def test_scores_of_another_shape_are_refused() -> None:
    with pytest.raises(WinnowError) as caught:
        prune({"w": torch.rand(4, 2)}, Mask({"w": torch.ones(2, 4)}), [Pool(("w",), 4)])
    assert (caught.value.code, caught.value.where) == ("WN-P02", "w")


def test_a_weight_without_a_score_is_named() -> None:
    mask = Mask({"a": torch.ones(2, 4), "b": torch.ones(2, 4)})
    with pytest.raises(WinnowError) as caught:
        prune({"a": torch.rand(2, 4)}, mask, [Pool(("a", "b"), 4)])
    assert (caught.value.code, caught.value.where) == ("WN-P02", "b")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_scores_of_any_float_type(dtype: torch.dtype) -> None:
    scores = {"w": torch.tensor([3, 1, 2, 0.5], dtype=dtype)}
    assert prune(scores, Mask.ones(scores), [Pool(("w",), 2)])["w"].tolist() == [True, False, True, False]


def test_pruning_returns_a_new_mask() -> None:
    scores = {"w": torch.rand(4, 4)}
    dense = Mask.ones(scores)
    for structure in ("weight", "channel", "2:4"):
        prune(scores, dense, [Pool(("w",), 8)], structure_named(structure))
    assert dense.kept == 16
