"""Sizes and costs of supernets: the published counts to the digit, and what every architecture must satisfy."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.core import WinnowError
from winnow.supernet.space import (
    TASKS,
    Architecture,
    Space,
    block_places,
    costs_of,
    dense_architecture,
    penalties,
    space_named,
)

# Units left per block and kernel (3, 5, 7) in the searched ImageNet network that HR-NAS published (checkpoint.json).
PUBLISHED = """
32/12/1 28/7/5 28/8/1 31/29/30 11/4/0 1/0/0 14/19/17 18/12/7 8/1/0 3/0/1 15/17/17 24/19/8 62/82/86 0/0/0 0/0/0 14/15/6
14/8/3 39/42/58 53/21/30 66/49/52 1/0/0 1/0/1 3/6/2 8/2/2 20/9/19 62/65/42 71/52/45 180/142/158 0/0/0 0/0/0 2/1/3
1/4/1 36/26/17 21/22/7 20/16/15 66/48/124 74/61/136 76/48/123 128/59/128 0/0/0 0/0/1 0/1/0 0/0/1 8/3/5 17/23/20 39/9/9
92/33/105 145/142/153 147/75/82 0/0/0 0/0/0 0/1/3 1/0/1 27/13/15 18/6/22 22/10/19 158/83/98 178/110/124 175/122/158
127/96/143 0/0/0 0/2/7 25/40/20 45/44/170 0/0/0 3/14/11 29/22/108
"""


def _dense(space: str, task: str, outputs: int, size: tuple[int, int]) -> Architecture:
    return dense_architecture(space_named(space, tokens=False), task, outputs, size)


@pytest.mark.parametrize(
    ("space", "task", "outputs", "size", "blocks", "units", "parameters", "macs"),
    [
        ("paper", "classification", 1000, (224, 224), 67, 47_952, 13_038_360, 2_422_799_760),
        ("paper", "segmentation", 19, (512, 1024), 61, 44_928, 9_923_040, 61_836_632_064),
        ("paper-ade20k", "segmentation", 150, (512, 512), 61, 44_928, 10_240_200, 36_114_665_472),
        ("paper", "keypoints", 17, (256, 192), 61, 44_928, 9_922_860, 5_796_631_296),
        ("small", "segmentation", 10, (32, 32), 27, 11_520, 1_413_184, 122_278_912),
        ("small", "classification", 10, (32, 32), 31, 12_672, 1_642_800, 77_962_752),
        ("tiny", "segmentation", 10, (32, 32), 15, 1_392, 99_176, 14_422_016),
        ("tiny", "classification", 10, (32, 32), 19, 1_680, 134_856, 8_770_176),
    ],
)
def test_dense_counts_are_the_published_ones(space, task, outputs, size, blocks, units, parameters, macs):
    dense = _dense(space, task, outputs, size)
    costs = costs_of(dense)
    assert (len(dense.places), dense.units) == (blocks, units)
    assert (costs.parameters, costs.macs) == (parameters, macs)


def test_the_published_searched_network_has_its_published_cost():
    widths = [tuple(map(int, block.split("/"))) for block in PUBLISHED.split()]
    searched = _dense("paper", "classification", 1000, (224, 224)).with_widths(widths)
    assert searched.units == 6_662
    assert [sum(w[k] for w in widths) for k in range(3)] == [2_487, 1_755, 2_420]
    assert searched.empty_blocks == 9
    assert costs_of(searched).macs == 259_232_935


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("tokens", [True, False])
def test_penalties_average_to_one_over_all_units(task, tokens):
    dense = dense_architecture(space_named("paper", tokens=tokens), task, 10, (224, 224))
    weights = penalties(dense)
    total = sum(
        n * p
        for place, widths in zip(dense.places, dense.widths, strict=True)
        for n, p in zip(widths, weights[place.name], strict=True)
    )
    assert math.isclose(total / dense.units, 1, abs_tol=1e-9)


def test_dear_units_are_penalised_in_proportion_to_their_macs():
    dense = _dense("tiny", "segmentation", 3, (64, 64))
    weights = penalties(dense)
    for cost in costs_of(dense).blocks:
        for penalty, macs in zip(weights[cost.place.name], cost.unit_macs, strict=True):
            assert penalty * costs_of(dense).blocks[0].unit_macs[0] == pytest.approx(
                macs * weights[dense.places[0].name][0]
            )


def _architectures() -> st.SearchStrategy[Architecture]:
    def narrowed(seed: int, task: str, name: str) -> Architecture:
        dense = dense_architecture(space_named(name), task, 7, (48, 32))
        number = iter(range(seed, seed + 10_000, 37))
        widths = [tuple(next(number) % (width + 1) for width in widths) for widths in dense.widths]
        return dense.with_widths(widths)

    return st.builds(narrowed, st.integers(0, 10_000), st.sampled_from(TASKS), st.sampled_from(["tiny", "small"]))


@settings(max_examples=30, deadline=None)
@given(_architectures())
def test_costs_are_sums_over_units(architecture):
    costs = costs_of(architecture)
    empty = costs_of(architecture.with_widths([(0, 0, 0)] * len(architecture.widths)))
    pairs = list(zip(costs.blocks, architecture.widths, strict=True))
    for total, bare, unit in (
        (costs.macs, empty.macs, "unit_macs"),
        (costs.parameters, empty.parameters, "unit_parameters"),
    ):
        assert total - bare == sum(
            n * cost for block, widths in pairs for n, cost in zip(widths, getattr(block, unit), strict=True)
        )


@settings(max_examples=30, deadline=None)
@given(_architectures())
def test_an_architecture_survives_json(architecture):
    assert Architecture.from_plain(json.loads(json.dumps(architecture.to_plain()))) == architecture


@settings(max_examples=20, deadline=None)
@given(_architectures(), st.sampled_from(TASKS))
def test_another_task_keeps_the_trunk_and_has_a_whole_head(architecture, task):
    moved = architecture.for_task(task, 5, (64, 64))
    before = dict(zip((p.name for p in architecture.places), architecture.widths, strict=True))
    dense = dense_architecture(architecture.space, task, 5, (64, 64))
    for place, widths, whole in zip(moved.places, moved.widths, dense.widths, strict=True):
        assert widths == (whole if place.name.startswith("head_") else before[place.name])


@pytest.mark.parametrize("task", TASKS)
def test_only_neighbours_are_fused_and_every_branch_is_fed(task):
    for place in block_places(space_named("paper"), task):
        assert abs(place.source - place.target) <= 1
    names = [place.name for place in block_places(space_named("paper"), task)]
    assert len(names) == len(set(names))
    assert {"s4_fuse_0_1", "s4_grow_3", "s5_fuse_3_2", "s5_branch_3_3"} <= set(names)


@pytest.mark.parametrize("task", TASKS)
def test_tokens_stand_only_where_the_input_is_the_shortcut(task):
    dense = dense_architecture(space_named("tiny"), task, 3, (32, 32))
    for place, tokens in zip(dense.places, dense.tokens, strict=True):
        assert tokens == (8 if place.stride == 1 and place.inputs == place.outputs else 0)
    bare = dense_architecture(space_named("tiny", tokens=False), task, 3, (32, 32))
    assert set(bare.tokens) == {0}
    assert costs_of(bare).parameters < costs_of(dense).parameters


def test_what_cannot_be_built_is_refused():
    dense = _dense("tiny", "segmentation", 3, (32, 32))
    place = next(i for i, p in enumerate(dense.places) if not p.keeps_shape)
    for broken in (
        lambda: replace(dense, task="poetry"),
        lambda: dense.with_widths(dense.widths[1:]),
        lambda: dense.with_widths([(1, 2)] * len(dense.widths)),
        lambda: dense.with_widths([(1, -2, 0)] * len(dense.widths)),
        lambda: dense.with_widths(dense.widths, [int(i == place) for i in range(len(dense.widths))]),
    ):
        with pytest.raises(WinnowError, match="WN-M02"):
            broken()
    with pytest.raises(WinnowError, match="WN-M01"):
        space_named("huge")
    for broken in ({}, {**dense.space.to_plain(), "stages": 3}, {**dense.space.to_plain(), "stages": [[1]]}):
        with pytest.raises(WinnowError, match="WN-S03"):
            Space.from_plain(broken)
    with pytest.raises(WinnowError, match="WN-S03"):
        Architecture.from_plain({**dense.to_plain(), "widths": None})
