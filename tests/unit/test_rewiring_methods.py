"""SET, RigL, gradual and movement pruning: each mask against brute force, counts and curves exact."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Mask, Pool, structure_named
from winnow.training import Member
from winnow.training.exchanging import GROWTHS, Exchanging
from winnow.training.rewiring import Updates, Wiring
from winnow.training.thinning import RANKINGS, Thinning


def wiring(mask: Mask, *, step: int = 10, replicate: int = 0, seed: int = 0, ties: bool = False) -> Wiring:
    generator = torch.Generator().manual_seed(seed)

    def drawn() -> dict[str, Tensor]:
        draws = {name: torch.randn(t.shape, generator=generator) for name, t in mask.items()}
        return {name: d.round() for name, d in draws.items()} if ties else draws

    weights = mask.applied(drawn())
    member = Member(branch="ticket", replicate=replicate, start=weights, mask=mask)
    return Wiring(member, step, mask, weights, drawn(), drawn())


def masks(density: float, seed: int = 0) -> Mask:
    generator = torch.Generator().manual_seed(seed)
    return Mask({n: torch.rand(s, generator=generator) < density for n, s in {"a": (6, 5), "b": (3, 7)}.items()})


def exchanging(method: str, **options: Any) -> Exchanging:
    return Exchanging(GROWTHS[method], **{"drop": 0.3, "updates": Updates(10, 100), **options})


def test_updates_come_every_so_many_steps_and_last_at_the_end() -> None:
    updates = Updates(every=10, until=35, begin=4)
    assert [step for step in range(60) if updates.at(step)] == [14, 24, 34, 35]
    assert updates.fraction(4) == 0 and updates.fraction(35) == 1


@pytest.mark.parametrize("arguments", [(0, 10, 0), (10, 0, 0), (10, 5, 5)])
def test_updates_that_could_never_happen_are_refused(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(WinnowError, match="WN-R02"):
        Updates(*arguments)


@pytest.mark.parametrize("step", [10, 40, 90])
def test_rigl_drops_the_smallest_and_grows_the_largest_gradients_by_brute_force(step: int) -> None:
    mask = masks(0.5)
    network, method = wiring(mask, step=step), exchanging("rigl", drop=0.8)
    new = method.rewired(network)
    for name, old in mask.items():
        count = int(old.sum())
        going = int(0.8 / 2 * (1 + math.cos(math.pi * step / 100)) * count)
        weights, gradients = network.weights[name].flatten().tolist(), network.gradients[name].flatten().tolist()
        alive = [place for place in range(old.numel()) if old.flatten()[place]]
        left = sorted(alive, key=lambda place: abs(weights[place]))[going:]
        others = [place for place in range(old.numel()) if place not in left]
        grown = sorted(others, key=lambda place: abs(gradients[place]), reverse=True)[:going]
        assert sorted([*left, *grown]) == new[name].flatten().nonzero().flatten().tolist()


@given(
    method=st.sampled_from(["set", "rigl"]),
    density=st.floats(0, 1),
    step=st.integers(1, 100),
    drop=st.floats(0.01, 1),
    ties=st.booleans(),
)
def test_exchanging_keeps_every_tensors_count(method: str, density: float, step: int, drop: float, ties: bool) -> None:
    mask = masks(density)
    network = wiring(mask, step=step, ties=ties)
    new = exchanging(method, drop=drop).rewired(network)
    assert {n: int(t.sum()) for n, t in new.items()} == {n: int(t.sum()) for n, t in mask.items()}
    assert new == exchanging(method, drop=drop).rewired(network)


def test_the_exchanged_fraction_falls_as_a_cosine_to_nothing() -> None:
    method = exchanging("set", drop=0.4)
    assert [method.fraction(step) for step in (0, 50, 100)] == pytest.approx([0.4, 0.2, 0.0])
    last = wiring(masks(0.5), step=100)
    assert method.rewired(last) == last.mask


def test_set_grows_among_what_is_pruned_by_a_stream_of_member_step_and_seed() -> None:
    mask = masks(0.3)
    one = exchanging("set").rewired(wiring(mask))
    assert one == exchanging("set").rewired(wiring(mask))
    others = [
        exchanging("set").rewired(wiring(mask, replicate=1)),
        exchanging("set").rewired(wiring(mask, step=11)),
        exchanging("set", seed=1).rewired(wiring(mask)),
    ]
    assert all(other != one for other in others)


def test_growth_at_random_reaches_every_position_alike() -> None:
    mask = Mask({"a": torch.arange(40).view(4, 10) < 20})
    times = torch.zeros(4, 10)
    for seed in range(400):
        network = wiring(mask, step=1, seed=7)
        times += exchanging("set", seed=seed, drop=1.0).rewired(network)["a"] & ~mask["a"]
    grown = times[~mask["a"]]
    # 19 of 39 places come back in every draw: 195 of 400 times a place, with a deviation of 10.
    assert grown.min() > 145 and grown.max() < 245


@pytest.mark.parametrize("method", ["gradual", "movement"])
def test_thinning_follows_the_cubic_curve_and_ends_with_the_levels_counts(method: str) -> None:
    mask = Mask({"a": torch.ones(40, 50, dtype=torch.bool), "b": torch.ones(10, 30, dtype=torch.bool)})
    pools = [Pool(("a",), 200), Pool(("b",), 150)]
    thinning = Thinning(RANKINGS[method], pools, Updates(10, 90), accumulates=method == "movement")
    network = wiring(mask)
    for step in (10, 20, 30, 40, 50, 60, 70, 80, 90):
        network = Wiring(network.member, step, mask, network.weights, network.gradients, network.movement)
        new = thinning.rewired(network)
        rest = (1 - step / 90) ** 3
        assert int(new["a"].sum()) == pytest.approx(200 + 1800 * rest, abs=0.5 + 1e-6)
        assert int(new["b"].sum()) == pytest.approx(150 + 150 * rest, abs=0.5 + 1e-6)
        assert not any((new[name] & ~mask[name]).any() for name in new)
        scores = network.movement if method == "movement" else {n: w.abs() for n, w in network.weights.items()}
        for name in new:
            gone = mask[name] & ~new[name]
            assert not gone.any() or scores[name][new[name]].min() >= scores[name][gone].max()
        mask = new
    assert [int(mask[name].sum()) for name in mask] == [200, 150]


def test_a_global_pool_thins_as_one() -> None:
    mask = Mask({"a": torch.ones(6, 5, dtype=torch.bool), "b": torch.ones(3, 7, dtype=torch.bool)})
    thinning = Thinning(RANKINGS["gradual"], [Pool(("a", "b"), 11)], Updates(10, 20))
    network = wiring(mask, step=20)
    new = thinning.rewired(network)
    together = torch.cat([network.weights[name].abs().flatten() for name in new])
    kept = torch.cat([new[name].flatten() for name in new])
    assert new.kept == 11 and together[kept].min() >= together[~kept].max()


def test_whole_channels_can_be_thinned() -> None:
    mask = Mask({"a": torch.ones(10, 4, dtype=torch.bool)})
    thinning = Thinning(RANKINGS["gradual"], [Pool(("a",), 20)], Updates(10, 20), structure_named("channel"))
    assert sorted(thinning.rewired(wiring(mask, step=20))["a"].sum(1).tolist()) == [0] * 5 + [4] * 5
