"""`SparseEngine` beside `ModuleEngine`: the same gradients, the same training, the same logits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from sparse_cases import Pair, batch_for, pair_of
from sparse_networks import NETWORKS
from winnow.training import StackOptimizer, TrainingPlan

pytestmark = pytest.mark.usefixtures("one_thread")
OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "sgd", "learning_rate": 0.1},
    {"optimizer": "momentum", "learning_rate": 0.05, "weight_decay": 0.01},
    {"optimizer": "adam", "learning_rate": 0.003, "weight_decay": 0.01},
    {"optimizer": "adamw", "learning_rate": 0.003, "weight_decay": 0.1},
]


@pytest.fixture(params=[1, 2], ids=lambda threads: f"{threads} threads")
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def pair(name: str, batch: int, count: int, **options: Any) -> Pair:
    build, shape, density = NETWORKS[name]
    return pair_of(build, shape, batch, count, **{"density": density, **options})


def assert_same_tensors(both: Pair, rtol: float = 2e-4, atol: float = 2e-5) -> None:
    for row in range(len(both.packed)):
        expected = both.dense.tensors(row)
        for name, tensor in both.packed.tensors(row).items():
            torch.testing.assert_close(
                tensor, expected[name], rtol=rtol, atol=atol, msg=lambda m, n=name, r=row: f"{n} of {r}: {m}"
            )


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_autograd(name: str, count: int, threads: int) -> None:
    for batch in (16, 20, 65):
        both = pair(name, batch, count)
        losses = both.gradients(*batch_for(NETWORKS[name][1], count, batch, 3))
        torch.testing.assert_close(*losses, rtol=1e-5, atol=1e-6)
        assert both.disagreements() == {}


def test_accuracies_are_those_of_torch(threads: int) -> None:
    both, (images, labels) = pair("LeNet", 50, 3), batch_for((1, 4, 4), 3, 50, 3)
    torch.testing.assert_close(both.sparse.gradients(images, labels, 0), both.oracle.gradients(images, labels, 0))


@pytest.mark.parametrize("density", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("name", ["LeNet", "convolutions and pools"])
def test_any_density_will_do(name: str, density: float, threads: int) -> None:
    both = pair(name, 20, 3, density=density)
    both.gradients(*batch_for(NETWORKS[name][1], 3, 20, 3))
    assert both.disagreements() == {}


@pytest.mark.parametrize("options", OPTIMIZERS, ids=lambda o: o["optimizer"])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_is_that_of_the_dense_path(name: str, options: dict[str, Any]) -> None:
    for count, rates in ((1, None), (3, [0.002, 0.01, 0.002])):
        both = pair(name, 20, count, rates=rates)
        plan = TrainingPlan(steps=20, batch=20, schedule="cosine", warmup=5, **options)
        ours, theirs = StackOptimizer(both.packed, plan), StackOptimizer(both.dense, plan)
        for step in range(20):
            both.gradients(*batch_for(NETWORKS[name][1], count, 20, 3, seed=step))
            ours.step(step)
            theirs.step(step)
        assert_same_tensors(both)


@pytest.mark.parametrize("rates", [None, [0.001, 0.002]])
def test_a_layer_of_which_nothing_is_left_trains_on(rates: list[float] | None) -> None:
    both = pair("LeNet", 20, 2, density=0.0, rates=rates)
    for options in OPTIMIZERS:
        plan = TrainingPlan(steps=5, batch=20, **options)
        ours, theirs = StackOptimizer(both.packed, plan), StackOptimizer(both.dense, plan)
        for step in range(5):
            both.gradients(*batch_for((1, 4, 4), 2, 20, 3, seed=step))
            ours.step(step)
            theirs.step(step)
    assert_same_tensors(both)


@pytest.mark.parametrize("name", ["shortcuts", "norms of units"])
def test_running_averages_and_counts_are_those_of_torch(name: str, threads: int) -> None:
    both = pair(name, 20, 3)
    for step in range(5):
        both.gradients(*batch_for(NETWORKS[name][1], 3, 20, 3, seed=step))
    for ours, theirs in zip(both.packed.modules, both.dense.modules, strict=True):
        for held, expected in zip(ours.buffers(), theirs.buffers(), strict=True):
            torch.testing.assert_close(held, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_are_those_of_evaluation_for_any_number_of_images(name: str, threads: int) -> None:
    both = pair(name, 20, 3)
    both.gradients(*batch_for(NETWORKS[name][1], 3, 20, 3))
    before = both.packed.state()
    before = {name: tensor.clone() for name, tensor in before.items()}
    for images in (1, 19, 20, 21, 63):
        x = batch_for(NETWORKS[name][1], 1, images, 3)[0][0]
        found, expected = both.sparse.logits(x), both.oracle.logits(x)
        assert found.shape == expected.shape
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in both.packed.state().items())


def test_no_images_have_no_logits() -> None:
    both = pair("LeNet", 20, 3)
    assert both.sparse.logits(torch.zeros(0, 1, 4, 4)).shape == both.oracle.logits(torch.zeros(0, 1, 4, 4)).shape


@pytest.mark.parametrize("name", NETWORKS)
def test_an_evaluation_in_between_does_not_change_the_training(name: str) -> None:
    both, batch = pair(name, 20, 3), batch_for(NETWORKS[name][1], 3, 20, 3)
    both.sparse.gradients(*batch, 0)
    before = both.packed.gradients.clone()
    both.sparse.logits(1e4 * batch_for(NETWORKS[name][1], 1, 7, 3)[0][0])
    both.sparse.gradients(*batch, 0)
    assert torch.equal(both.packed.gradients, before)


def test_strided_images_and_labels_are_read_in_their_own_order() -> None:
    both = pair("convolutions and pools", 20, 2)
    images, labels = batch_for((2, 8, 8), 2, 20, 3)
    turned, shared = images.flip(-1).transpose(-1, -2), labels[:1].expand(2, -1)
    torch.testing.assert_close(*both.gradients(turned, shared), rtol=1e-5, atol=1e-6)
    assert both.disagreements() == {}


@pytest.mark.parametrize("name", ["LeNet", "convolutions and pools"])
def test_batches_may_be_picked_by_their_numbers(name: str, threads: int) -> None:
    both, other = pair(name, 20, 3), pair(name, 20, 3)
    images, labels = (tensor[0] for tensor in batch_for(NETWORKS[name][1], 1, 90, 3))
    index = torch.randperm(90)[:60]
    found = [t.clone() for t in both.sparse.gradients(images, labels, 0, index)]
    shape = (3, 20, *images.shape[1:])
    expected = other.sparse.gradients(images[index].view(shape), labels[index].view(3, 20), 0)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert torch.equal(both.packed.gradients, other.packed.gradients)


def test_the_loss_is_the_mean_over_the_batch() -> None:
    both, (images, labels) = pair("LeNet", 33, 2), batch_for((1, 4, 4), 2, 33, 3)
    expected = [F.cross_entropy(m(x), y) for m, x, y in zip(both.dense.modules, images, labels, strict=True)]
    torch.testing.assert_close(both.sparse.gradients(images, labels, 0)[0], torch.stack(expected).detach())
