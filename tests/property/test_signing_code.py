"""What must hold for every payload, layout and mask: decoding, disjoint rectangles, and no false claims."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from winnow.signing.code.codes import CODES, decode, encode, payload_bits, radius
from winnow.signing.code.layout import Layout, plan_layout
from winnow.signing.code.positions import Positions, keyed_positions
from winnow.signing.code.statistic import differences, log2_binomial_tail, log2_sign_flip, read, sent_bits
from winnow.signing.code.stream import KeyStream

SHAPE = (60, 80, 2)
LAYOUT = plan_layout({"w": SHAPE}, {"w": 3800}, code="bch-127-64")


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(sorted(CODES)), st.binary(min_size=16, max_size=16), st.integers(0, 2**32), st.floats(0, 1))
def test_any_payload_survives_any_errors_within_the_radius(code, payload, seed, part):
    word = encode(code, payload)
    errors = round(part * radius(code))
    word[np.random.default_rng(seed).choice(len(word), errors, replace=False)] ^= True
    found = decode(code, word)
    assert found is not None and found.errors == errors
    assert found.payload == payload[: payload_bits(code) // 8]


SIDES = st.tuples(st.integers(2, 60), st.integers(2, 60), st.integers(1, 9))


@settings(deadline=None, max_examples=25)
@given(st.lists(SIDES, min_size=1, max_size=4), st.floats(0.1, 0.9), st.binary(min_size=32, max_size=32))
def test_any_layout_that_is_planned_can_be_drawn(sides, density, key):
    shapes = {str(at): shape for at, shape in enumerate([*sides, (70, 80, 3)])}
    kept = {name: round(density * np.prod(shape)) for name, shape in shapes.items()}
    layout = plan_layout(shapes, kept, code="bch-127-64", expected=2)
    assert Layout.from_plain(layout.to_plain()) == layout
    blanked = keyed_positions(key, layout).blanked()
    for layer in layout.layers:
        # As many as were drawn: none twice.
        assert blanked[layer.name].sum() == 2 * layer.bits * layer.width


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=60), st.integers(0, 2**60))
def test_the_sign_flip_counts_every_pattern(values, chosen):
    signs = np.array([1 if chosen >> at & 1 else -1 for at in range(len(values))])
    counts = {0: 1}
    for value in map(abs, values):
        step: dict[int, int] = {}
        for total, ways in counts.items():
            for moved in (total - value, total + value):
                step[moved] = step.get(moved, 0) + ways
        counts = step
    wanted = sum(ways for total, ways in counts.items() if total >= int(np.dot(values, signs)))
    got = log2_sign_flip(np.array(values), signs)
    assert 2.0**got == pytest.approx(wanted / 2 ** len(values), rel=1e-11)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 400), st.integers(1, 400))
def test_tails_fall_and_add_up(n, k):
    k = min(n, k)
    here, next_ = 2.0 ** log2_binomial_tail(k, n), 2.0 ** log2_binomial_tail(k + 1, n)
    assert here - next_ == pytest.approx(float(binom.pmf(k, n, 0.5)), rel=1e-9, abs=1e-15)


def column_masks(count: int, seed: int) -> list[np.ndarray]:
    """Masks whose columns have very different densities, the same in all: pixels that every ticket drops or keeps."""
    rng = np.random.default_rng(seed)
    density = rng.beta(0.3, 0.8, SHAPE[1])[None, :, None]
    return [rng.random(SHAPE) < density for _ in range(count)]


def chi_square(matches: np.ndarray, bits: int) -> float:
    """p-value against Bin(bits, 1/2), in classes that expect at least 10."""
    expected = len(matches) * binom.pmf(np.arange(bits + 1), bits, 0.5)
    inside = np.flatnonzero(expected >= 10)
    low, high = int(inside[0]), int(inside[-1])
    seen = np.bincount(np.clip(matches, low, high), minlength=high + 1)[low:]
    wanted = expected[low : high + 1].copy()
    wanted[0] += expected[:low].sum()
    wanted[-1] += expected[high + 1 :].sum()
    return float(chisquare(seen, wanted).pvalue)


def test_keys_that_nobody_signed_with_match_as_coins_do():
    rng = np.random.default_rng(7)
    masks = [column_masks(1, 1)[0], rng.random(SHAPE) < 0.4]
    matches = np.zeros((2, 2000), dtype=int)
    for at in range(2000):
        key = hashlib.sha256(f"decoy {at}".encode()).digest()
        positions, sent = keyed_positions(key, LAYOUT), sent_bits(key, LAYOUT.code, key)
        for which, mask in enumerate(masks):
            matches[which, at] = read({"w": mask}, positions, key, sent).matches
    for own in matches:
        assert chi_square(own, 127) > 1e-3
        assert log2_binomial_tail(int(own.max()), 127) > -64
    # The same test sees matches that lean by half a standard deviation for one key in four.
    leaning = matches[1] + 3 * (np.arange(2000) % 4 == 0)
    assert chi_square(leaning, 127) < 1e-3


def without_rectangles(key: bytes) -> Positions:
    """As many positions, drawn one by one: what the rectangles are there to avoid."""
    layer = LAYOUT.layers[0]
    drawn = np.array(list(dict.fromkeys(KeyStream(key, "plain").integers(8000, layer.size).tolist())))
    pairs = drawn[: 2 * layer.bits * layer.width].reshape(2, layer.bits, layer.width)
    return Positions(LAYOUT, np.concatenate(pairs.reshape(2, -1, 2), axis=1))


def test_rectangles_keep_what_innocent_tickets_share_out_of_the_bits():
    # An owner who has seen one ticket sends what it says, and meets another that only shares its columns.
    seen, *others = column_masks(9, 2)
    key = bytes(range(32))

    def largest(positions: Positions) -> int:
        sent = differences({"w": seen}, positions) > 0
        return max(int(((differences({"w": other}, positions) > 0) == sent).sum()) for other in others)

    assert log2_binomial_tail(largest(keyed_positions(key, LAYOUT)), 127) > -12
    assert log2_binomial_tail(largest(without_rectangles(key)), 127) < -20
