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
PAIRS = [(a, b) for b in range(10) for a in range(b)]
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
    assert digest.hexdigest() == "f3426fbbd8b170889248112725771a3ba407a2485a55bbcfa2887bd87f1d2443"


def slowly(key: bytes, layout: Layout) -> np.ndarray:
    """The rule of the docstring, one attempt at a time, in plain Python."""
    stream = KeyStream(key, "positions")
    kept: dict[str, list[list[int]]] = {layer.name: [] for layer in layout.layers}
    taken: dict[str, set[int]] = {layer.name: set() for layer in layout.layers}
    while True:
        short = {layer.name: layer.bits * layer.width // 2 - len(kept[layer.name]) for layer in layout.layers}
        if not any(short.values()):
            return np.array([four for rectangles in kept.values() for four in rectangles])
        for layer in (layer for layer in layout.layers if short[layer.name]):
            wanted = short[layer.name]
            for _ in range(wanted + 3 * wanted * (2 * layer.bits * layer.width) // layer.size + 8):
                rows, columns, offsets = layer.grid
                words, bounds = stream.words(5).tolist(), (rows, rows - 1, columns, columns - 1, offsets)
                fair = all(word < 2**32 - 2**32 % bound for word, bound in zip(words, bounds, strict=True))
                r1, r2, c1, c2, s = (word % bound for word, bound in zip(words, bounds, strict=True))
                r2, c2 = r2 + (r2 >= r1), c2 + (c2 >= c1)
                four = [(r * columns + c) * offsets + s for r, c in ((r1, c1), (r2, c2), (r1, c2), (r2, c1))]
                is_wanted = len(kept[layer.name]) < layer.bits * layer.width // 2
                if is_wanted and fair and not taken[layer.name] & set(four):
                    kept[layer.name].append(four)
                    taken[layer.name] |= set(four)


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
    crowded = Layout((KeyedLayer("w", (36, 36), 400, 127, 2), KeyedLayer("x", (9,), 1, 0, 2)), "bch-127-64")
    with pytest.raises(WinnowError, match="WN-O01"):
        keyed_positions(KEY, crowded)
    monkeypatch.undo()
    assert keyed_positions(KEY, crowded).blanked()["w"].sum() == 508


def test_words_that_would_favour_small_numbers_are_passed_over(monkeypatch):
    # Of 2^32 words the last few of a bound are unfair: too rare to meet, so a stream is given that has one.
    layout = Layout((KeyedLayer("w", (70, 70), 900, 127, 2),), "bch-127-64")
    plain = KeyStream(KEY, "positions").words(5 * 400)
    unfair = np.concatenate([np.full(5, 2**32 - 1, np.uint32), plain])

    class Given(KeyStream):
        def __init__(self, key: bytes, label: str) -> None:
            super().__init__(key, label)
            self.left = unfair

        def words(self, count: int) -> np.ndarray:
            found, self.left = self.left[:count], self.left[count:]
            return found

    wanted = keyed_positions(KEY, layout).corners
    monkeypatch.setattr("winnow.signing.code.positions.KeyStream", Given)
    assert (keyed_positions(KEY, layout).corners == wanted).all()


def test_every_free_rectangle_is_as_likely_as_any_other():
    # 3 x 4 positions hold 18 rectangles; the one bit has one, and the rest of the code lies elsewhere.
    rest = KeyedLayer("rest", (60, 60), 400, 126, 2)
    layout = Layout((KeyedLayer("w", (3, 4), 6, 1, 2), rest), "bch-127-64")
    drawn = [keyed_positions(hashlib.sha256(bytes([at % 256, at // 256])).digest(), layout) for at in range(1800)]
    counts: dict[tuple, int] = {}
    for own in drawn:
        cells = tuple(sorted(own.corners[0].tolist()))
        counts[cells] = counts.get(cells, 0) + 1
    assert len(counts) == 18 and chisquare(list(counts.values())).pvalue > 1e-3


def test_a_second_rectangle_is_uniform_among_those_that_the_first_leaves():
    # In 2 x 10 positions a rectangle is a pair of columns: two of them leave no column of one in the other.
    rest = KeyedLayer("rest", (60, 60), 400, 125, 2)
    layout = Layout((KeyedLayer("w", (2, 10), 6, 2, 2), rest), "bch-127-64")
    counts: dict[tuple, int] = {}
    for at in range(3000):
        own = keyed_positions(hashlib.sha256(b"second" + bytes([at % 256, at // 256])).digest(), layout)
        pairs = tuple(tuple(sorted(set((row % 10).tolist()))) for row in own.corners[:2])
        assert not set(pairs[0]) & set(pairs[1])
        counts[pairs] = counts.get(pairs, 0) + 1
    seen = [counts.get((a, b), 0) for a in PAIRS for b in PAIRS if not set(a) & set(b)]
    assert len(seen) == 45 * 28 and sum(seen) == 3000
    # Grouped by the second pair: with 1,260 classes each expects too few.
    by_second = [sum(counts.get((a, b), 0) for a in PAIRS) for b in PAIRS]
    assert chisquare(by_second).pvalue > 1e-3
