"""Which weights a supermask keeps: exact counts, a fixed order of equal scores, fresh scores."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from winnow.grokking.networks.mlp import PairMlp
from winnow.grokking.stacks.choosing import Chooser, kept_count
from winnow.grokking.stacks.supermask import drawn_scores
from winnow.sparsity import Mask, Pool, prune

pytestmark = pytest.mark.usefixtures("one_thread")


@given(
    st.integers(1, 3),
    st.integers(1, 12).flatmap(
        lambda size: st.tuples(st.integers(1, size), st.lists(st.integers(-2, 2), min_size=size, max_size=size))
    ),
)
def test_the_choice_is_that_of_prune_in_every_run(runs: int, case: tuple[int, list[int]]) -> None:
    """Exact counts, and among equal |scores| (signs of zero included) the later positions."""
    keep, values = case
    scores = torch.stack([torch.tensor(values, dtype=torch.float32).roll(shift) * -0.5 for shift in range(runs)])
    scores = scores.unsqueeze(1)
    chooser = Chooser(scores, keep)
    chooser.chosen(torch.rand(scores.shape))  # what it chose before does not matter
    masks = chooser.chosen(scores)
    assert masks.shape == scores.shape
    for row, mask in zip(scores, masks, strict=True):
        assert int(mask.sum()) == keep
        strength = {"w": row.abs()}
        assert torch.equal(mask, prune(strength, Mask.ones(strength), [Pool(("w",), keep)])["w"])


def test_tiny_huge_and_infinite_scores_are_in_order() -> None:
    scores = torch.tensor([[1e-42, -1.0, float("inf"), 1.0000001, -1e-45, 0.0, -3e38]])
    order = [2, 6, 3, 1, 0, 4, 5]
    for keep in range(1, 8):
        assert set(Chooser(scores, keep).chosen(scores)[0].nonzero().flatten().tolist()) == set(order[:keep])


@given(st.integers(1, 400), st.integers(0, 99))
@example(100, 29)  # 0.29 * 100 is a little below 29 in float64
def test_counts_leave_out_the_floor(total: int, percent: int) -> None:
    assert kept_count(total, percent / 100) == total - percent * total // 100


def test_drawn_scores_are_those_of_a_linear_layer() -> None:
    """Uniform within 1 / sqrt(inputs); every matrix from a stream of its own."""
    start = PairMlp(67, 67).start(torch.Generator().manual_seed(0))
    scores = drawn_scores(start, list(start), 8)
    for name, tensor in scores.items():
        bound = start[name].shape[0] ** -0.5
        assert 0.99 * bound < float(tensor.abs().max()) <= bound
        assert float(tensor.double().std()) == pytest.approx(bound / 3**0.5, rel=0.02)
    assert torch.equal(drawn_scores(start, ["unembed"], 8)["unembed"], scores["unembed"])
    assert not torch.equal(drawn_scores(start, ["unembed"], 9)["unembed"], scores["unembed"])
