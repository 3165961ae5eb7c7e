"""Layouts: how many bits go where, what does not fit, and what a claim may not say."""

from __future__ import annotations

import json
import math

import pytest

from winnow.core import WinnowError
from winnow.signing.code.layout import KeyedLayer, Layout, plan_layout

SHAPES = {"stem": (16, 3, 3, 3), "a": (64, 32, 3, 3), "b": (64, 64, 3, 3), "head": (10, 64)}
KEPT = {"stem": 300, "a": 3000, "b": 9000, "head": 128}


def planned(**choices) -> Layout:
    return plan_layout(SHAPES, KEPT, **choices)


def test_the_longest_code_that_fits_is_taken():
    assert planned().code == "bch-511-130"
    assert plan_layout({"w": (400, 400)}, {"w": 32_000}).code == "bch-1023-133"
    assert plan_layout({"w": (100, 100)}, {"w": 4000}).code == "bch-127-64"


def test_bits_follow_the_kept_weights():
    layout = planned(code="bch-255-131")
    for layer in layout.layers:
        assert abs(layer.bits - 255 * layer.kept / sum(KEPT.values())) < 2
    assert layout.bits == 255


def test_no_layer_is_keyed_beyond_its_share():
    for share in (0.4, 0.2):
        for layer in planned(code="bch-127-64", share=share).layers:
            assert 2 * layer.width * layer.bits <= share * layer.size


def test_widths_hold_the_expected_number_of_the_rarer_kind():
    for layer in planned().layers:
        rarer = min(layer.kept, layer.size - layer.kept) / layer.size
        assert layer.width % 2 == 0
        assert abs(layer.width * rarer - 4) <= rarer
    # Dense layers need wide bits as sparse ones do: a swap needs a pruned weight too.
    dense = plan_layout({"w": (300, 300)}, {"w": 81_000}, code="bch-127-64").layers[0]
    assert dense.width == 40


def test_a_width_holds_two_whatever_is_asked():
    wide = planned(code="bch-127-64", expected=0.1)
    for layer in wide.layers:
        rarer = min(layer.kept, layer.size - layer.kept) / layer.size
        assert layer.width * rarer >= 2


def test_layers_that_cannot_hold_a_rectangle_hold_nothing():
    shapes = {"bias": (5000,), "row": (1, 5000), "full": (50, 50), "empty": (50, 50), "w": (200, 200)}
    kept = {"bias": 2000, "row": 2000, "full": 2500, "empty": 0, "w": 12_000}
    layout = plan_layout(shapes, kept, code="bch-127-64")
    assert {layer.name: layer.bits for layer in layout.layers} == {
        "bias": 0, "row": 0, "full": 0, "empty": 0, "w": 127,
    }  # fmt: skip


def test_no_room_is_told():
    with pytest.raises(WinnowError, match="WN-O01") as caught:
        plan_layout({"w": (20, 20)}, {"w": 80})
    assert "bch-127-64 has 127" in str(caught.value)
    with pytest.raises(WinnowError, match="bch-1023-133 has 1023"):
        planned(code="bch-1023-133")
    with pytest.raises(WinnowError, match="WN-O02"):
        planned(code="bch-5-2")


def test_plain_and_back():
    layout = planned()
    assert Layout.from_plain(json.loads(json.dumps(layout.to_plain()))) == layout
    later = layout.to_plain() | {"added": 1}
    assert Layout.from_plain(later) == layout


GOOD = {"name": "w", "shape": [40, 40], "kept": 400, "bits": 127, "width": 2}


@pytest.mark.parametrize(
    "change",
    [
        {"bits": 126},
        {"bits": -1},
        {"bits": 127.0},
        {"bits": True},
        {"width": 3},
        {"width": 0},
        {"width": -2},
        {"width": 4},
        {"shape": []},
        {"shape": [40, 0]},
        {"shape": [1, 1600]},
        {"shape": [-40, -40]},
        {"shape": "ab"},
        {"shape": 3},
        {"shape": [2**40, 2**40]},
        {"kept": 1601},
        {"kept": -1},
        {"kept": None},
        {"name": 3},
    ],
)
def test_nonsense_is_refused(change):
    plain = {"code": "bch-127-64", "draws": 2, "layers": [GOOD]}
    Layout.from_plain(plain)
    with pytest.raises(WinnowError, match="WN-O02"):
        Layout.from_plain({"code": "bch-127-64", "draws": 2, "layers": [GOOD | change]})


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        {},
        "layers",
        {"code": "bch-127-64"},
        {"draws": 2, "layers": [GOOD]},
        {"code": "bch-127-64", "draws": 2, "layers": 3},
        {"code": "bch-127-64", "draws": 2, "layers": [3]},
        {"code": "bch-127-64", "draws": 2, "layers": [{k: v for k, v in GOOD.items() if k != "kept"}]},
        {"code": ["bch-127-64"], "draws": 2, "layers": [GOOD]},
        {"code": "bch-127-64", "draws": 2, "layers": [GOOD | {"bits": 63}, GOOD | {"bits": 64}]},
        {"code": "bch-255-131", "draws": 2, "layers": [GOOD]},
        {"code": "bch-127-64", "draws": 3, "layers": [GOOD]},
    ],
)
def test_other_things_are_no_layout(plain):
    with pytest.raises(WinnowError, match="WN-O02"):
        Layout.from_plain(plain)


def test_grids():
    assert KeyedLayer("w", (4, 5), 1, 0, 2).grid == (4, 5, 1)
    assert KeyedLayer("w", (4, 5, 3, 2), 1, 0, 2).grid == (4, 5, 6)
    assert KeyedLayer("w", (7,), 1, 0, 2).grid == (7, 1, 1)
    assert math.prod(KeyedLayer("w", (4, 5, 3, 2), 1, 0, 2).grid) == 120
