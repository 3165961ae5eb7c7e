"""How the weights that remain are shared out: ERK between layers, rows within one, densities listed, layers fixed."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from winnow.core import WinnowError
from winnow.models import resnet_20
from winnow.sparsity import (
    Evidence,
    Layer,
    Mask,
    Pool,
    ladder,
    listed,
    prunable_layers,
    prune,
    scope_named,
    score_named,
    structure_named,
)

SHAPES = st.lists(
    st.one_of(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.tuples(*[st.integers(1, 8)] * 4)),
    min_size=1,
    max_size=5,
)


def erk(shapes: list[tuple[int, ...]], density: float) -> tuple[list[Layer], dict[str, int]]:
    layers = [Layer(f"l{i}", "fc", shape) for i, shape in enumerate(shapes)]
    pools = scope_named("erk")(layers, {layer.name: density for layer in layers})
    return layers, {pool.names[0]: pool.keep for pool in pools}


@given(SHAPES, st.floats(0.01, 0.99))
def test_erk_keeps_the_total_and_no_layer_more_than_it_has(shapes: list[tuple[int, ...]], density: float) -> None:
    layers, keeps = erk(shapes, density)
    total = sum(layer.weights for layer in layers)
    assert abs(sum(keeps.values()) - total * density) <= 0.5 + 1e-6
    assert all(0 <= keeps[layer.name] <= layer.weights for layer in layers)


@given(SHAPES, st.floats(0.01, 0.99))
def test_erk_densities_go_with_the_sum_over_the_product_of_dimensions(
    shapes: list[tuple[int, ...]], density: float
) -> None:
    layers, keeps = erk(shapes, density)
    parts = [layer for layer in layers if keeps[layer.name] < layer.weights - 1]
    factors = [keeps[layer.name] / sum(layer.shape) for layer in parts]
    room = max((1 / sum(layer.shape) for layer in parts), default=0)
    assert not factors or max(factors) - min(factors) <= 2 * room + 1e-9


def test_erk_of_lenet_by_hand() -> None:
    _, keeps = erk([(300, 784), (100, 300), (10, 100)], 0.1)
    # 26,620 weights; the output's share 26,620 * 110 / 1,594 = 1,837 is more than its 1,000, so it stays whole.
    assert keeps["l2"] == 1000
    rest = 26_620 - 1000
    assert keeps["l0"] == math.floor(rest * 1084 / 1484 + 0.5)
    assert sum(keeps.values()) == 26_620


def test_a_whole_layer_stays_out_of_erk() -> None:
    layers = [Layer("a", "fc", (20, 20)), Layer("b", "fixed", (20, 20)), Layer("c", "fc", (10, 20))]
    steps = ladder(layers, {"fc": 0.5}, 2, scope=scope_named("erk"))
    assert [{p.names[0]: p.keep for p in step}["b"] for step in steps] == [400, 400, 400]
    assert sum(pool.keep for pool in steps[1]) == 400 + 300


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0, 1), st.integers(0, 2**31), st.booleans())
def test_rows_keep_as_many_of_every_unit_and_the_best(
    rows: int, columns: int, share: float, seed: int, ties: bool
) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(rows, columns, generator=generator)
    scores = (scores * 3).round() if ties else scores
    keep = round(share * rows * columns)
    mask = prune({"w": scores}, Mask.ones({"w": scores}), [Pool(("w",), keep)], structure_named("row"))["w"]
    counts = mask.sum(1)
    assert int(counts.sum()) == keep
    assert int(counts.max() - counts.min()) <= 1
    for row, kept in zip(scores, mask, strict=True):
        if kept.any() and not kept.all():
            assert row[kept].min() >= row[~kept].max()


def test_rows_share_a_pool_of_several_tensors() -> None:
    scores = {"a": torch.rand(4, 10), "b": torch.rand(5, 6)}
    mask = prune(scores, Mask.ones(scores), [Pool(("a", "b"), 35)], structure_named("row"))
    assert mask["a"].sum(1).tolist() == [5] * 4
    assert mask["b"].sum(1).tolist() == [3] * 5


def test_rows_prune_what_is_left() -> None:
    scores = {"w": torch.arange(20.0).view(4, 5)}
    first = prune(scores, Mask.ones(scores), [Pool(("w",), 12)], structure_named("row"))
    second = prune({"w": -scores["w"]}, first, [Pool(("w",), 8)], structure_named("row"))
    assert first["w"].int().tolist() == [[0, 0, 1, 1, 1]] * 4
    assert second["w"].int().tolist() == [[0, 0, 1, 1, 0]] * 4


def test_listed_densities_are_the_levels() -> None:
    layers = [Layer("a", "fc", (30, 10)), Layer("b", "output", (10, 10))]
    steps = ladder(layers, {"fc": 0.2, "output": 0.0}, 2, schedule=listed([0.5, 0.1]))
    assert [[pool.keep for pool in step] for step in steps] == [[300, 100], [150, 100], [30, 100]]


def test_rising_densities_are_refused() -> None:
    with pytest.raises(WinnowError, match="prunes nothing more"):
        ladder([Layer("a", "fc", (30, 10))], {"fc": 0.2}, 2, schedule=listed([0.1, 0.5]))


def test_fixed_weights_count_but_are_never_pruned() -> None:
    layers = prunable_layers(resnet_20(), fixed=("*.shortcut.*", "output.weight"))
    assert sum(layer.weights for layer in layers) == 270_896
    fixed = [layer for layer in layers if layer.kind == "fixed"]
    assert sum(layer.weights for layer in fixed) == 2560 + 640
    pools = ladder(layers, {"conv": 0.2, "fc": 0.2, "output": 0.1}, 3, scope=scope_named("global"))[3]
    assert {p.names[0]: p.keep for p in pools[:-1]} == {layer.name: layer.weights for layer in fixed}


def test_a_pattern_of_fixed_weights_that_matches_nothing_is_refused() -> None:
    with pytest.raises(WinnowError) as caught:
        prunable_layers(resnet_20(), fixed=("shortcuts.*",))
    assert (caught.value.code, caught.value.where) == ("WN-M03", "shortcuts.*")


def test_same_sign_prefers_weights_whose_sign_stayed() -> None:
    start, trained = {"w": torch.tensor([1.0, -1.0, 1.0, -1.0])}, {"w": torch.tensor([2.0, -0.5, -3.0, 0.1])}
    assert score_named("same-sign")(Evidence(start, trained))["w"].tolist() == pytest.approx([2.0, 0.5, -3.0, -0.1])
