"""Early-bird drawing: when masks settle, what is kept, and that the dense network still trains to its end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from helpers import members, small_chain
from winnow.core import WinnowError
from winnow.data import DataSet
from winnow.sparsity import Layer, Mask, Pool, hamming, prune
from winnow.tickets.early_bird import (
    EarlyBird,
    check_threshold,
    early_bird_weights,
    keep_early_birds,
    unrelated_distance,
)
from winnow.training import CheckpointFile, Member, StackResult, TrainingPlan, train

pytestmark = pytest.mark.usefixtures("one_thread")

PLAN = TrainingPlan(steps=60, batch=10, evaluate_every=20, learning_rate=0.005)


def bits(*ones: int) -> Mask:
    return Mask({"a": torch.tensor([place in ones for place in range(20)])})


def looks(masks: list[Mask], threshold: float = 0.1) -> tuple[EarlyBird, list[dict[str, float]], list[bool]]:
    """What a watch says to masks that come one after another."""
    coming = iter(masks)
    watch = EarlyBird(lambda *_: next(coming), threshold, every=1)
    _, (member, _) = members(small_chain, 2)
    sights = [watch.look(0, member, step, dict) for step in range(1, len(masks) + 1)]
    return watch, [dict(sight.values) for sight in sights], [sight.keep for sight in sights]


def test_it_is_drawn_at_the_first_look_that_is_near_all_four_before_it() -> None:
    far, near = bits(10, 11, 12, 13), [bits(0, 1, 2), bits(0, 1, 3), bits(0, 1, 2), bits(0, 1, 3), bits(0, 1, 2)]
    watch, values, kept = looks([far, *near])
    # The first of the five near ones has the far one behind it until the window has moved on.
    assert watch.drawn == {0: 6}
    assert kept == [False] * 5 + [True]
    assert values[1]["mask_distance"] == pytest.approx(7 / 20)
    assert values[5] == {"mask_distance": pytest.approx(2 / 20), "early_bird_step": 6}


def test_it_takes_four_masks_to_compare_with() -> None:
    same = bits(1, 2)
    watch, values, kept = looks([same] * 7)
    assert watch.drawn == {0: 5} and kept == [False] * 4 + [True] + [False] * 2
    assert values[0] == {} and values[5] == {}


def test_a_mask_that_drifts_slowly_is_not_drawn_though_each_is_near_the_last() -> None:
    drift = [bits(*range(step, step + 4)) for step in range(12)]
    assert hamming(drift[0], drift[1]) <= 0.1
    assert looks(drift)[0].drawn == {}


def halved(member: Member, tensors: Mapping[str, Tensor]) -> Mask:
    pools = [Pool((name,), mask.numel() // 2) for name, mask in member.mask.items()]
    return prune({name: tensors[name].abs() for name in member.mask}, member.mask, pools)


def dense(count: int = 3) -> tuple[Any, list[Member]]:
    return members(small_chain, count, density=2.0)


def drawn(data: DataSet, threshold: float = 0.1, **options: Any) -> tuple[StackResult, EarlyBird]:
    module, made = dense()
    watch = EarlyBird(halved, threshold, every=4)
    return train(module, made, data, PLAN, watch=watch, **options), watch


def test_every_member_is_drawn_at_its_own_step_by_its_own_masks(blobs: DataSet) -> None:
    """By hand: the weights at every look, pruned, and compared with the four before."""
    result, watch = drawn(blobs)
    module, made = dense()
    steps = list(range(4, PLAN.steps + 1, 4))
    plain = train(module, made, blobs, PLAN, snapshots_at=steps)
    for row, trained in enumerate(plain.trained):
        masks = [halved(made[row], trained.snapshots[step]) for step in steps]
        settled = [
            steps[place]
            for place in range(4, len(steps))
            if all(hamming(masks[place], masks[place - back]) <= 0.1 for back in (1, 2, 3, 4))
        ]
        assert watch.drawn[row] == settled[0]
        kept = result.trained[row].snapshots
        assert list(kept) == [settled[0]]
        for name, tensor in kept[settled[0]].items():
            assert torch.equal(tensor, trained.snapshots[settled[0]][name])
    assert len(set(watch.drawn.values())) > 1


def test_watching_changes_nothing_in_the_training(blobs: DataSet) -> None:
    module, made = dense()
    plain = train(module, made, blobs, PLAN)
    watched, _ = drawn(blobs)
    assert [row for row in watched.rows if row.split != "mask"] == plain.rows
    for one, other in zip(plain.trained, watched.trained, strict=True):
        assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())


@pytest.mark.parametrize("stop", [1, 2])
def test_a_training_that_was_stopped_draws_the_same(
    stop: int, blobs: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, watch = drawn(blobs)
    file = CheckpointFile(tmp_path / "checkpoint.safetensors", seconds=0)
    write, times = CheckpointFile.write, []

    def written(self: CheckpointFile, checkpoint: Any) -> None:
        write(self, checkpoint)
        times.append(checkpoint.step)
        if len(times) == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointFile, "write", written)
        with pytest.raises(KeyboardInterrupt):
            drawn(blobs, checkpoint=file)
    resumed, again = drawn(blobs, checkpoint=file)
    assert again.drawn == watch.drawn and resumed.rows == whole.rows
    for one, other in zip(whole.trained, resumed.trained, strict=True):
        assert one.snapshots.keys() == other.snapshots.keys()
        for step, tensors in one.snapshots.items():
            assert all(torch.equal(tensor, other.snapshots[step][name]) for name, tensor in tensors.items())


def test_the_drawn_weights_are_kept_in_the_level_and_the_saving_in_the_metrics(blobs: DataSet, tmp_path: Path) -> None:
    result, watch = drawn(blobs)
    told = keep_early_birds(tmp_path, result, watch, PLAN)
    rows = {(r.replicate, r.metric): r for r in told.rows if r.metric.startswith("early_bird")}
    assert len(rows) == 2 * 3
    for row, trained in enumerate(result.trained):
        step = watch.drawn[row]
        assert rows[row, "early_bird_step"].value == rows[row, "early_bird_step"].step == step
        assert rows[row, "early_bird_cost"].value == step / 60
        weights = early_bird_weights(tmp_path, row)
        assert weights is not None
        assert all(torch.equal(tensor, weights[name]) for name, tensor in trained.snapshots[step].items())
    assert early_bird_weights(tmp_path, 7) is None


def test_a_mask_that_never_settles_is_drawn_at_the_end_at_the_whole_cost(blobs: DataSet, tmp_path: Path) -> None:
    result, watch = drawn(blobs, threshold=1e-9)
    assert watch.drawn == {}
    told = keep_early_birds(tmp_path, result, watch, PLAN)
    values = {(r.replicate, r.metric): r.value for r in told.rows if r.metric.startswith("early_bird")}
    for row, trained in enumerate(result.trained):
        assert values[row, "early_bird_step"] == 60 and values[row, "early_bird_cost"] == 1
        weights = early_bird_weights(tmp_path, row)
        assert weights is not None
        assert all(torch.equal(tensor, weights[name]) for name, tensor in trained.tensors.items())


def test_a_distance_that_random_masks_would_meet_is_refused() -> None:
    layers = [Layer("a", "fc", (200, 100)), Layer("b", "output", (10, 100))]
    pools = [Pool(("a",), 1000), Pool(("b",), 500)]
    one, other = (
        Mask({p.names[0]: torch.randperm(size, generator=torch.Generator().manual_seed(seed)) < p.keep})
        for p, size, seed in ((pools[0], 20000, 1), (pools[0], 20000, 2))
    )
    assert hamming(one, other) == pytest.approx(unrelated_distance(pools[:1], layers[:1]), rel=0.05)
    check_threshold(0.05, pools, layers)
    with pytest.raises(WinnowError, match=r"WN-R02.*random masks.*--early-bird"):
        check_threshold(0.2, pools, layers)
