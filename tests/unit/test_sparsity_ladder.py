"""The ladder of densities against the labels in the paper's figures (Frankle & Carbin 2019)."""

import re
from itertools import pairwise

import pytest

from winnow.core import WinnowError
from winnow.sparsity import SCHEDULES, Layer, Pool, ladder, schedule_named, scope_named


def convs(*sizes: tuple[int, int]) -> list[Layer]:
    return [Layer(f"conv{i}.weight", "conv", (out, into, 3, 3)) for i, (into, out) in enumerate(sizes)]


def linears(*sizes: int) -> list[Layer]:
    layers = [Layer(f"fc{i}.weight", "fc", (out, into)) for i, (into, out) in enumerate(pairwise(sizes))]
    return [*layers[:-1], Layer("output.weight", "output", layers[-1].shape)]


def chain(channels: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(channels))


LENET = linears(784, 300, 100, 10)
CONV_2 = convs((3, 64), (64, 64)) + linears(16 * 16 * 64, 256, 256, 10)
CONV_4 = convs((3, 64), (64, 64), (64, 128), (128, 128)) + linears(8 * 8 * 128, 256, 256, 10)
RESNET_18 = [
    *convs(*chain([3, *[16] * 7, *[32] * 6, *[64] * 6])),
    Layer("shortcut1", "shortcut", (32, 16, 1, 1)),
    Layer("shortcut2", "shortcut", (64, 32, 1, 1)),
    Layer("fc", "output", (10, 64)),
]
VGG_19 = [
    *convs(*chain([3, *[64] * 2, *[128] * 2, *[256] * 4, *[512] * 8])),
    Layer("fc", "output", (10, 512)),
]
LENET_RATES = {"fc": 0.2, "output": 0.1}
CONV_RATES = {"conv": 0.1, "fc": 0.2, "output": 0.1}


def percents(layers: list[Layer], rates: dict[str, float], levels: int, scope: str = "layer") -> list[float]:
    total = sum(layer.weights for layer in layers)
    steps = ladder(layers, rates, levels, scope=scope_named(scope))
    return [round(100 * sum(pool.keep for pool in pools) / total, 2) for pools in steps]


@pytest.mark.parametrize(
    ("layers", "weights"),
    [(LENET, 266_200), (CONV_2, 4_300_992), (CONV_4, 2_425_024), (RESNET_18, 270_896), (VGG_19, 20_024_000)],
    ids=["lenet", "conv-2", "conv-4", "resnet-18", "vgg-19"],
)
def test_the_networks_below_have_the_papers_sizes(layers: list[Layer], weights: int) -> None:
    assert sum(layer.weights for layer in layers) == weights


def test_lenet_has_the_papers_labels_at_the_papers_levels() -> None:
    told = percents(LENET, LENET_RATES, 15)
    assert [told[level] for level in (0, 3, 7, 9, 15)] == [100, 51.28, 21.07, 13.52, 3.58]


def test_lenet_labels_need_the_output_layer_at_half_the_rate() -> None:
    """Uniform 20 % gives other labels (51.20, 20.97): the test above can tell."""
    told = percents(LENET, {"fc": 0.2, "output": 0.2}, 7)
    assert (told[3], told[7]) == (51.20, 20.97)


@pytest.mark.parametrize(
    ("layers", "rates", "scope", "labels"),
    [
        (CONV_2, CONV_RATES, "layer", {11: 8.81, 14: 4.57}),
        (CONV_4, CONV_RATES, "layer", {11: 11.06, 12: 9.18}),
        (RESNET_18, {"conv": 0.2}, "global", {4: 41.66, 6: 27.09, 7: 21.91, 10: 11.79}),
        (VGG_19, {"conv": 0.2}, "global", {12: 6.90, 15: 3.54, 19: 1.47}),
    ],
    ids=["conv-2", "conv-4", "resnet-18", "vgg-19"],
)
def test_the_convolutional_networks_have_the_papers_labels(
    layers: list[Layer], rates: dict[str, float], scope: str, labels: dict[int, float]
) -> None:
    told = percents(layers, rates, max(labels), scope)
    assert {level: told[level] for level in labels} == labels


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_layers_without_a_rate_stay_whole_at_every_level(scope: str) -> None:
    for pools in ladder(RESNET_18, {"conv": 0.2}, 12, scope=scope_named(scope)):
        keeps = {pool.names: pool.keep for pool in pools}
        assert keeps["shortcut1",] == 512
        assert keeps["shortcut2",] == 2048
        assert keeps["fc",] == 640


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("schedule", ["geometric", "linear", "cubic"])
def test_every_level_is_smaller_in_sum_and_no_larger_in_any_pool(scope: str, schedule: str) -> None:
    steps = ladder(LENET, LENET_RATES, 12, scope=scope_named(scope), schedule=schedule_named(schedule))
    assert len(steps) == 13
    sums = [sum(pool.keep for pool in pools) for pools in steps]
    assert sums[0] == 266_200
    assert sums == sorted(set(sums), reverse=True)
    for before, after in pairwise(steps[1:]):
        assert [pool.names for pool in before] == [pool.names for pool in after]
        assert all(b.keep >= a.keep for b, a in zip(before, after, strict=True))


@pytest.mark.parametrize("schedule", ["linear", "cubic"])
def test_schedules_agree_where_they_end(schedule: str) -> None:
    other = ladder(LENET, LENET_RATES, 9, schedule=schedule_named(schedule))
    paper = ladder(LENET, LENET_RATES, 9)
    assert other[0] == paper[0]
    assert other[9] == paper[9]
    assert other[4] != paper[4]


def test_linear_prunes_equal_amounts_and_cubic_most_at_first() -> None:
    def steps(schedule: str) -> list[int]:
        keeps = [
            pools[0].keep
            for pools in ladder([Layer("w", "fc", (1000, 100))], {"fc": 0.2}, 8, schedule=schedule_named(schedule))
        ]
        return [before - after for before, after in pairwise(keeps)]

    assert max(steps("linear")) - min(steps("linear")) <= 1
    assert steps("cubic") == sorted(steps("cubic"), reverse=True)
    assert steps("cubic")[0] > 2 * steps("linear")[0]


def test_the_global_pool_holds_all_that_is_pruned() -> None:
    [*fixed, pool] = ladder(VGG_19, {"conv": 0.2}, 1, scope=scope_named("global"))[1]
    assert fixed == [Pool(("fc",), 5120)]
    assert pool == Pool(tuple(f"conv{i}.weight" for i in range(16)), 16_015_104)


@pytest.mark.parametrize(("weights", "rate", "fits"), [(10, 0.5, 3), (3, 0.4, 2), (64, 0.5, 6)])
def test_too_many_levels_are_refused_with_how_many_fit(weights: int, rate: float, fits: int) -> None:
    layers = [Layer("w", "fc", (weights, 1))]
    for levels in (fits + 1, fits + 30):
        with pytest.raises(WinnowError) as caught:
            ladder(layers, {"fc": rate}, levels)
        assert caught.value.code == "WN-P01"
        assert f"{fits} levels fit" in caught.value.fix
    assert len(ladder(layers, {"fc": rate}, fits)) == fits + 1


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_the_levels_that_the_advice_names_fit(schedule: str, scope: str) -> None:
    layers = [Layer("w", "fc", (10,)), Layer("v", "output", (7,))]
    rates = {"fc": 0.5, "output": 0.3}
    parts = {"scope": scope_named(scope), "schedule": schedule_named(schedule)}
    with pytest.raises(WinnowError) as caught:
        ladder(layers, rates, 15, **parts)
    advised = re.match(r"(\d+) levels fit", caught.value.fix)
    assert advised is not None
    fits = int(advised[1])
    assert len(ladder(layers, rates, fits, **parts)) == fits + 1


def test_no_number_of_levels_is_advised_where_none_fits() -> None:
    with pytest.raises(WinnowError) as caught:
        ladder([Layer("w", "fc", (1, 1))], {"fc": 0.5}, 3)
    assert caught.value.code == "WN-P01"
    assert "larger network" in caught.value.fix
    assert "levels fit" not in caught.value.fix


@pytest.mark.parametrize("rates", [{}, {"fc": 0.0, "output": 0.0}, {"conv": 0.2}])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_ladder_that_prunes_nothing_is_refused(rates: dict[str, float], scope: str) -> None:
    with pytest.raises(WinnowError) as caught:
        ladder(LENET, rates, 1, scope=scope_named(scope))
    assert caught.value.code == "WN-P01"


def test_a_rate_of_one_is_refused() -> None:
    with pytest.raises(WinnowError) as caught:
        ladder(LENET, {"fc": 1.0}, 1)
    assert caught.value.code == "WN-P01"
    assert "fc0.weight" in caught.value.what


def test_no_levels_is_the_dense_network() -> None:
    assert ladder(LENET, LENET_RATES, 0) == [[Pool((layer.name,), layer.weights) for layer in LENET]]


@pytest.mark.parametrize("find", [schedule_named, scope_named])
def test_unknown_names_list_the_known(find) -> None:
    with pytest.raises(WinnowError) as caught:
        find("best")
    assert caught.value.code == "WN-R02"
    assert caught.value.fix.startswith("One of: ")
