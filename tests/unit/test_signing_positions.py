"""Keyed positions: rectangles inside one layer, disjoint, uniform, and the same on every machine."""

from __future__ import annotations

import hashlib
import threading

import numpy as np
import pytest
from scipy.stats import chisquare

from winnow.core import WinnowError
from winnow.signing.code.layout import KeyedLayer, Layout, plan_layout
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.stream import KeyStream

KEY = bytes(range(32))
SHAPES = {"stem": (16, 3, 3, 3), "conv": (32, 32, 3, 3), "fc": (120, 84), "vector": (500,)}
LAYOUT = plan_layout(SHAPES, {"stem": 200, "conv": 2500, "fc": 2000, "vector": 100}, code="bch-127-64")


def all_indices(positions, name):
    return np.concatenate([positions.first[name].ravel(), positions.second[name].ravel()])


def test_shapes_and_ranges():
    positions = keyed_positions(KEY, LAYOUT)
    for layer in LAYOUT.layers:
        if not layer.bits:
            assert layer.name not in positions.first and layer.name not in positions.second
            continue
        for side in (positions.first, positions.second):
            assert side[layer.name].shape == (layer.bits, layer.width) and side[layer.name].dtype == np.int64
            assert side[layer.name].min() >= 0 and side[layer.name].max() < layer.size


def test_no_position_is_used_twice():
    positions = keyed_positions(KEY, LAYOUT)
    for name in positions.first:
        used = all_indices(positions, name)
        assert len(set(used.tolist())) == len(used)


def test_each_bit_is_made_of_rectangles():
    positions = keyed_positions(KEY, LAYOUT)
    for layer in LAYOUT.layers:
        if not layer.bits:
            continue
        rows, columns, offsets = layer.grid
        first = np.stack(np.unravel_index(positions.first[layer.name], (rows, columns, offsets)), axis=-1)
        second = np.stack(np.unravel_index(positions.second[layer.name], (rows, columns, offsets)), axis=-1)
        for one, other in zip(first.reshape(-1, 2, 3), second.reshape(-1, 2, 3), strict=True):
            (r1, c1, s1), (r2, c2, s2) = one
            assert r1 != r2 and c1 != c2 and s1 == s2
            assert other.tolist() == [[r1, c2, s1], [r2, c1, s1]]


def test_blanked_marks_exactly_the_positions():
    positions = keyed_positions(KEY, LAYOUT)
    blanked = positions.blanked()
    assert {name: mask.shape for name, mask in blanked.items()} == SHAPES
    for layer in LAYOUT.layers:
        used = set(all_indices(positions, layer.name).tolist()) if layer.bits else set()
        assert set(np.flatnonzero(blanked[layer.name]).tolist()) == used
        assert blanked[layer.name].sum() == 2 * layer.bits * layer.width


def test_the_same_on_every_machine():
    positions = keyed_positions(KEY, LAYOUT)
    digest = hashlib.sha256()
    for side in (positions.first, positions.second):
        for name in side:
            digest.update(name.encode() + side[name].astype("<i8").tobytes())
    assert positions.first["stem"][0].tolist() == [211, 310, 16, 376, 10, 271, 363, 129]
    assert digest.hexdigest() == "2f9277ae3d33c33cf0830a772ec8353e71f8e6ff6030ca5f274803d4902c2c4d"


def slowly(key: bytes, layout: Layout) -> np.ndarray:
    """The rule of the docstring, one rectangle at a time, in plain Python."""
    stream = KeyStream(key, "positions")
    jobs = [layer for layer in layout.layers for _ in range(layer.bits * layer.width // 2)]
    corners: list[list[tuple[str, int]]] = [[] for _ in jobs]
    taken, waiting = set(), list(range(len(jobs)))
    while waiting:
        tried, waiting, again, seen = waiting[:1024], waiting[1024:], [], {}
        for at in tried:
            layer, words = jobs[at], np.frombuffer(stream.bytes(20), dtype="<u4").tolist()
            rows, columns, offsets = layer.grid
            bounds = (rows, rows - 1, columns, columns - 1, offsets)
            r1, r2, c1, c2, s = (word % bound for word, bound in zip(words, bounds, strict=True))
            r2, c2 = r2 + (r2 >= r1), c2 + (c2 >= c1)
            four = [(layer.name, (r * columns + c) * offsets + s) for r, c in ((r1, c1), (r2, c2), (r1, c2), (r2, c1))]
            if any(word >= 2**32 - 2**32 % b for word, b in zip(words, bounds, strict=True)) or taken & set(four):
                again.append(at)
            elif any(corner in seen for corner in four):
                again.append(at)
                # It lost to an earlier one, and still stands in the way of later ones.
                seen.update(dict.fromkeys(four))
            else:
                seen.update(dict.fromkeys(four))
                corners[at] = four
        taken.update(corner for at in tried for corner in corners[at])
        waiting = again + waiting
    return np.array([[index for _, index in four] for four in corners])


@pytest.mark.parametrize("code", ["bch-127-64", "bch-255-131"])
def test_the_fast_way_follows_the_rule(code):
    layout = plan_layout(SHAPES, {"stem": 200, "conv": 3500, "fc": 4000, "vector": 100}, code=code)
    positions = keyed_positions(KEY, layout)
    first = np.concatenate([side.ravel() for side in positions.first.values()]).reshape(-1, 2)
    second = np.concatenate([side.ravel() for side in positions.second.values()]).reshape(-1, 2)
    assert np.concatenate([first, second], axis=1).tolist() == slowly(KEY, layout).tolist()


def test_another_key_has_other_positions_and_the_order_of_calls_does_not_matter():
    keys = [bytes([at]) * 32 for at in range(4)]
    once = [keyed_positions(key, LAYOUT).first["conv"] for key in keys]
    back = [keyed_positions(key, LAYOUT).first["conv"] for key in keys[::-1]][::-1]
    for at, own in enumerate(once):
        assert (own == back[at]).all()
        for other in once[:at]:
            assert (own == other).mean() < 0.02


def test_threads_do_not_disturb_each_other():
    keys = [bytes([at]) * 32 for at in range(24)]
    wanted = [keyed_positions(key, LAYOUT).first["conv"] for key in keys]
    got: dict[int, np.ndarray] = {}

    def work(start: int) -> None:
        for at in range(start, len(keys), 4):
            got[at] = keyed_positions(keys[at], LAYOUT).first["conv"]

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((got[at] == wanted[at]).all() for at in range(len(keys)))


def test_rows_columns_and_offsets_are_uniform():
    layout = Layout((KeyedLayer("w", (11, 13, 3, 3), 300, 127, 2),), "bch-127-64")
    drawn = [all_indices(keyed_positions(bytes([at]) * 32, layout), "w") for at in range(120)]
    at = np.unravel_index(np.concatenate(drawn), (11, 13, 9))
    for axis in at:
        # Positions come in fours and are drawn without replacement, which can only even the counts out.
        assert chisquare(np.bincount(axis) / 2).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(2, 2, 8, 16), (2, 600), (600, 2), (3, 3, 9, 9), (16, 16, 3, 3)])
def test_a_narrow_layer_can_be_keyed_to_the_limit(shape):
    bits = min(127, int(0.4 * np.prod(shape)) // 4)
    size = int(np.prod(shape))
    rest = KeyedLayer("rest", (40, 40), 400, 127 - bits, 2)
    layout = Layout((KeyedLayer("w", shape, size // 4, bits, 2), rest), "bch-127-64")
    assert keyed_positions(KEY, layout).blanked()["w"].sum() == 4 * bits


def test_a_layer_without_free_rectangles_is_told(monkeypatch):
    monkeypatch.setattr("winnow.signing.code.positions._ROUNDS", 1)
    crowded = Layout((KeyedLayer("w", (40, 40), 400, 127, 2), KeyedLayer("x", (9,), 1, 0, 2)), "bch-127-64")
    with pytest.raises(WinnowError, match="WN-O01"):
        keyed_positions(KEY, crowded)
    monkeypatch.undo()
    assert keyed_positions(KEY, crowded).blanked()["w"].sum() == 508
