"""Stored weights and threads: nobody disturbs anybody, and no core is used twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from sparse_cases import Pair, batch_for, in_own_process, packed_gradients, pair_of
from sparse_networks import NETWORKS

NAMES = ("LeNet", "convolutions and pools", "shortcuts")


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def pair(name: str, count: int) -> Pair:
    build, shape, density = NETWORKS[name]
    return pair_of(build, shape, 20, count, density=density)


def batch(name: str, count: int) -> tuple[Tensor, Tensor]:
    return batch_for(NETWORKS[name][1], count, 20, 3)


def gradients_after(both: Pair, name: str, steps: int) -> Tensor:
    """The gradients of the last of some steps downhill."""
    images, labels = batch(name, len(both.packed))
    for _ in range(steps):
        both.sparse.gradients(images, labels, 0)
        both.packed.weights.sub_(both.packed.gradients, alpha=0.05)
    return both.packed.gradients.clone()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_steps_give_the_same_bits(name: str, count: int) -> None:
    torch.set_num_threads(2)
    assert torch.equal(gradients_after(pair(name, count), name, 5), gradients_after(pair(name, count), name, 5))


@pytest.mark.parametrize("threads", [1, 2])
def test_two_engines_at_once_do_not_disturb_each_other(threads: int) -> None:
    torch.set_num_threads(threads)
    expected = {name: gradients_after(pair(name, 3), name, 60) for name in NAMES[1:]}
    made = {name: pair(name, 3) for name in NAMES[1:]}
    with ThreadPoolExecutor(2) as pool:
        waiting = {name: pool.submit(gradients_after, both, name, 60) for name, both in made.items()}
        found = {name: result.result() for name, result in waiting.items()}
    assert all(torch.equal(found[name], expected[name]) for name in found)


def test_torch_computes_the_same_between_runs() -> None:
    torch.set_num_threads(2)
    both, (images, labels) = pair("shortcuts", 3), batch("shortcuts", 3)
    numbers = torch.randn(300, 300)
    before = numbers @ numbers, torch.get_num_threads(), torch.get_rng_state()
    for _ in range(5):
        both.sparse.gradients(images, labels, 0)
        assert torch.equal(numbers @ numbers, before[0])
    assert torch.get_num_threads() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_network_that_diverges_leaves_the_others_alone(threads: int, value: float) -> None:
    """They share working memory, and here one piece of it serves two kinds of layers."""

    def build() -> nn.Module:
        layers = [nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 12), nn.BatchNorm1d(12)]
        return nn.Sequential(nn.Flatten(), *layers, nn.Linear(12, 3))

    torch.set_num_threads(threads)
    both, (images, labels) = pair_of(build, (1, 4, 4), 20, 3, density=1.0), batch("LeNet", 3)
    both.sparse.gradients(images, labels, 0)
    expected = [packed_gradients(both.packed, row) for row in (1, 2)]
    for part in both.packed.parts(both.packed.weights, 0):
        part.fill_(value)
    both.sparse.gradients(images, labels, 0)
    both.sparse.gradients(images, labels, 0)
    for row, right in zip((1, 2), expected, strict=True):
        found = packed_gradients(both.packed, row)
        assert [name for name in right if not torch.equal(found[name], right[name])] == []


USE = """
import os, sys, torch
import winnow, winnow.training, winnow.tickets, winnow.recipes, winnow.cli
early = "numba" in sys.modules or "llvmlite" in sys.modules
from sparse_cases import batch_for, pair_of
from sparse_networks import NETWORKS
torch.set_num_threads(2)
build, shape, density = NETWORKS["convolutions and pools"]
both = pair_of(build, shape, 64, 3, density=density)
images, labels = batch_for(shape, 3, 64, 3)
def tasks():
    return len(os.listdir("/proc/self/task"))
before = tasks()
for _ in range(20):
    both.sparse.gradients(images, labels, 0)
    both.sparse.logits(images[0])
    torch.randn(500, 500) @ torch.randn(500, 500)
    torch.randn(1_000_000).relu()
after = tasks()
gradients = both.packed.gradients.clone()
torch.set_num_threads(1)
alone = pair_of(build, shape, 64, 3, density=density)
alone.sparse.gradients(images, labels, 0)
same = torch.allclose(gradients, alone.packed.gradients, rtol=1e-4, atol=1e-5)
print(early, after - before, same)
"""


@cache
def used(**environment: str) -> list[str]:
    done = in_own_process(USE, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_numba_is_loaded_only_for_stored_weights() -> None:
    assert used()[0] == "False"


def test_kernels_and_torch_together_run_on_torchs_threads_only() -> None:
    """The main thread works too: two threads are one task more than before there was parallel work."""
    assert int(used()[1]) <= 1


def test_threads_share_the_work_and_lose_none_of_it() -> None:
    assert used()[2] == "True"


def test_where_openmp_gives_fewer_threads_all_the_work_is_still_done() -> None:
    assert used(OMP_THREAD_LIMIT="1")[2] == "True"
