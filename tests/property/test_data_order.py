"""Invariants of the batch order and of the splits, for any sizes and seeds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.core import WinnowError
from winnow.data import BatchOrder
from winnow.data.splits import carve_validation, stratified

seeds = st.integers(min_value=0, max_value=2**63 - 1)
sizes = st.integers(1, 60).flatmap(lambda count: st.tuples(st.just(count), st.integers(1, count)))


@given(sizes, seeds, st.integers(0, 50))
def test_an_epoch_is_whole_batches_and_visits_no_image_twice(size: tuple[int, int], seed: int, epoch: int) -> None:
    count, batch = size
    order = BatchOrder(count, batch, seed)
    assert order.per_epoch == count // batch
    steps = range(epoch * order.per_epoch, (epoch + 1) * order.per_epoch)
    seen = torch.cat([order.indices(step) for step in steps]).tolist()
    assert len(seen) == order.per_epoch * batch
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(range(count))


@given(sizes, seeds, st.lists(st.integers(0, 200), max_size=20))
def test_a_step_does_not_depend_on_the_steps_before_it(size: tuple[int, int], seed: int, steps: list[int]) -> None:
    walked = BatchOrder(*size, seed)
    for step in steps:
        got = walked.indices(step)
        assert (got.dtype, len(got)) == (torch.int64, size[1])
        assert torch.equal(got, BatchOrder(*size, seed).indices(step))


@given(seeds)
def test_epochs_and_seeds_differ(seed: int) -> None:
    epochs = [BatchOrder(50, 50, seed).indices(epoch).tolist() for epoch in range(4)]
    assert all(one != next_one for one, next_one in pairwise(epochs))
    assert BatchOrder(50, 50, seed ^ 1).indices(0).tolist() != epochs[0]


def test_the_paper_counts_703_batches() -> None:
    assert BatchOrder(45_000, 64, 0).per_epoch == 703


@pytest.mark.parametrize(("batch", "code"), [(11, "WN-D06"), (0, "WN-C01"), (-3, "WN-C01")])
def test_a_batch_must_fit(batch: int, code: str) -> None:
    with pytest.raises(WinnowError) as caught:
        BatchOrder(10, batch, 0)
    assert caught.value.code == code


def test_there_is_no_step_before_the_first() -> None:
    with pytest.raises(ValueError, match="count from 0"):
        BatchOrder(10, 2, 0).indices(-1)


@given(st.integers(2, 80).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))), seeds)
def test_validation_and_train_share_the_images_out(size: tuple[int, int], seed: int) -> None:
    kept, drawn = carve_validation(*size, seed)
    assert len(drawn) == size[1]
    assert sorted([*kept, *drawn]) == list(range(size[0]))
    assert list(kept) == sorted(kept)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=10, max_size=120), st.floats(0.05, 0.5))
def test_a_stratified_split_gives_each_class_its_share(numbers: list[int], share: float) -> None:
    labels = np.array(numbers, dtype=np.int64)
    count = max(1, round(share * len(labels)))
    try:
        drawn = stratified(labels, count)
    except WinnowError as error:
        assert error.code == "WN-D06"
        return
    assert list(drawn) == sorted(set(drawn))
    assert len(drawn) <= count
    taken = np.bincount(labels[drawn], minlength=7)
    present = np.bincount(labels, minlength=7)
    assert (taken[present > 0] < present[present > 0]).all()
    assert (np.abs(taken - count * present / len(labels)) <= 1).all()
    assert list(stratified(labels, count)) == list(drawn)
