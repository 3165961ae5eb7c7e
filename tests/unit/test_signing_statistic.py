"""What a mask says about a mark: exact tails against integers and brute force, and readings of made masks."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from winnow.core import WinnowError
from winnow.signing.code.codes import encode
from winnow.signing.code.layout import plan_layout
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import adjusted, differences, log2_binomial_tail, log2_sign_flip, read, sent_bits
from winnow.signing.code.stream import KeyStream

KEY = bytes(range(32))
SHAPES = {"a": (24, 16, 3, 3), "none": (300,), "b": (80, 60)}
LAYOUT = plan_layout(SHAPES, {"a": 800, "none": 100, "b": 1900}, code="bch-127-64")


def exact_log2(value: Fraction) -> float:
    """log2 by 80 digits of squaring: independent of floats of huge integers."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    rest = value / Fraction(2) ** exponent
    return exponent + math.log2(rest)


@pytest.mark.parametrize("p", [0.5, 0.1, 0.01, 0.75, 1 / 3])
@pytest.mark.parametrize("n", [1, 2, 17, 40])
def test_tails_equal_fractions(n, p):
    chance = Fraction(p)
    terms = [math.comb(n, i) * chance**i * (1 - chance) ** (n - i) for i in range(n + 1)]
    for k in range(1, n + 1):
        below = sum(terms[:k], Fraction(0))
        # Near certainty the log is the small complement's, which a float of the tail would lose.
        wanted = math.log1p(-float(below)) / math.log(2) if below < Fraction(1, 2) else exact_log2(1 - below)
        assert log2_binomial_tail(k, n, p) == pytest.approx(wanted, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(("k", "n"), [(511, 511), (1023, 1023), (1000, 1023), (2000, 2046), (358, 512), (657, 1024)])
def test_far_tails_equal_integers(k, n):
    count = sum(math.comb(n, i) for i in range(k, n + 1))
    assert log2_binomial_tail(k, n) == pytest.approx(exact_log2(Fraction(count, 2**n)), rel=1e-12)


def test_known_tails():
    assert log2_binomial_tail(1023, 1023) == -1023
    assert log2_binomial_tail(2000, 2000) == -2000
    # What the specification counts: fewest matches for 2^-64.
    for n, fewest in ((256, 200), (512, 358), (1024, 657)):
        assert log2_binomial_tail(fewest, n) <= -64 < log2_binomial_tail(fewest - 1, n)
    assert log2_binomial_tail(51, 100, 0.1) <= -80 < log2_binomial_tail(50, 100, 0.1)
    assert log2_binomial_tail(24, 100, 0.01) <= -80 < log2_binomial_tail(23, 100, 0.01)


def test_edges_of_tails():
    assert log2_binomial_tail(0, 10) == 0.0 == log2_binomial_tail(-3, 10)
    assert log2_binomial_tail(11, 10) == -math.inf == log2_binomial_tail(1, 10, 0.0)
    assert log2_binomial_tail(10, 10, 1.0) == 0.0
    assert log2_binomial_tail(1, 200) == pytest.approx(-(2.0**-200) / math.log(2), rel=1e-12)


def brute_force(found: np.ndarray, signs: np.ndarray) -> float:
    wanted = int(np.dot(found, signs))
    hits = sum(np.dot(flips, np.abs(found)) >= wanted for flips in product((-1, 1), repeat=len(found)))
    return math.log2(hits / 2 ** len(found))


@pytest.mark.parametrize("seed", range(12))
def test_the_sign_flip_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    found = rng.integers(-4, 5, rng.integers(1, 11))
    signs = rng.choice([-1, 1], len(found))
    if seed % 3 == 0:
        signs = np.where(found < 0, -1, 1)
    assert log2_sign_flip(found, signs) == pytest.approx(brute_force(found, signs), rel=1e-12, abs=1e-15)


def test_the_sign_flip_of_equal_sizes_is_the_binomial_tail():
    rng = np.random.default_rng(0)
    for matches in (0, 100, 255, 300, 480, 511):
        sizes = 3 * rng.choice([-1, 1], 511)
        signs = np.sign(sizes) * np.where(np.arange(511) < matches, 1, -1)
        assert log2_sign_flip(sizes, signs) == pytest.approx(log2_binomial_tail(matches, 511), rel=1e-12, abs=1e-300)


def test_edges_of_the_sign_flip():
    assert log2_sign_flip(np.zeros(20, dtype=int), np.ones(20, dtype=int)) == 0.0
    assert log2_sign_flip(np.full(1023, 60), np.ones(1023, dtype=int)) == -1023
    assert log2_sign_flip(np.full(9, 5), -np.ones(9, dtype=int)) == 0.0


def test_the_sign_flip_of_wide_differences_is_close_to_normal():
    rng = np.random.default_rng(1)
    found = rng.integers(-60, 61, 1023)
    signs = np.where(rng.random(1023) < 0.53, np.where(found < 0, -1, 1), np.where(found < 0, 1, -1))
    wanted = 0.5 * math.erfc(float(np.dot(found, signs)) / math.sqrt(2 * float(np.dot(found, found))))
    assert 1e-6 < wanted < 0.3
    assert log2_sign_flip(found, signs) == pytest.approx(math.log2(wanted), abs=0.05)


def test_adjusting_multiplies_and_stops_at_one():
    assert adjusted(-100.0, 1) == -100
    assert adjusted(-100.0, 1024) == -90
    assert adjusted(-3.0, 100) == 0.0


def made(sent: np.ndarray, flipped: int) -> dict[str, np.ndarray]:
    """Masks that say what is sent at every bit but the first few, by 2 positions; False elsewhere."""
    positions = keyed_positions(KEY, LAYOUT)
    masks = {name: np.zeros(shape, dtype=bool) for name, shape in SHAPES.items()}
    at = 0
    for layer in LAYOUT.layers:
        for bit in range(layer.bits):
            favoured = positions.first if sent[at] != (at < flipped) else positions.second
            masks[layer.name].reshape(-1)[favoured[layer.name][bit, :2]] = True
            at += 1
    return masks


def test_a_made_mask_is_read_bit_by_bit():
    sent = sent_bits(KEY, LAYOUT.code, b"payload.")
    reading = read(made(sent, 5), keyed_positions(KEY, LAYOUT), KEY, sent)
    wrong = np.arange(127) < 5
    assert (reading.bits == sent ^ wrong).all()
    assert (reading.differences == 2 * np.where(sent ^ wrong, 1, -1)).all()
    assert (reading.matches, reading.total) == (122, 127)
    assert reading.log2_p == log2_binomial_tail(122, 127)
    assert reading.log2_p_signed == pytest.approx(reading.log2_p)


def test_ties_are_read_from_the_key_and_not_from_what_is_sent():
    sent = sent_bits(KEY, LAYOUT.code, b"payload.")
    empty = {name: np.zeros(shape, dtype=bool) for name, shape in SHAPES.items()}
    reading = read(empty, keyed_positions(KEY, LAYOUT), KEY, sent)
    assert (reading.bits == KeyStream(KEY, "ties").bits(127)).all()
    assert 40 < reading.matches < 87
    assert reading.log2_p_signed == 0.0


def test_sent_bits_hide_the_code_word():
    code = LAYOUT.code
    word = encode(code, b"payload.")
    sent = sent_bits(KEY, code, b"payload.")
    assert (sent ^ word == KeyStream(KEY, "mask-bits").bits(127)).all()
    # Keys on one payload look like fair coins; the code word alone is the same for all.
    many = np.array([sent_bits(bytes([at]) * 32, code, b"payload.") for at in range(200)])
    assert abs(many.mean(axis=0) - 0.5).max() < 0.18


@pytest.mark.parametrize(
    "wrong", [None, np.zeros((80, 61), dtype=bool), np.zeros((80, 60)), np.zeros(4800, dtype=bool)]
)
def test_masks_that_do_not_fit_are_refused(wrong):
    masks = {"a": np.zeros(SHAPES["a"], dtype=bool)} | ({} if wrong is None else {"b": wrong})
    with pytest.raises(WinnowError, match="WN-O05"):
        differences(masks, keyed_positions(KEY, LAYOUT))


def test_masks_that_lie_otherwise_in_memory_read_the_same():
    rng = np.random.default_rng(2)
    masks = {name: rng.random(shape) < 0.3 for name, shape in SHAPES.items()}
    turned = {name: np.asfortranarray(mask) for name, mask in masks.items()}
    positions = keyed_positions(KEY, LAYOUT)
    assert (differences(masks, positions) == differences(turned, positions)).all()
    wanted = []
    for layer in LAYOUT.layers:
        for bit in range(layer.bits):
            flat = masks[layer.name].ravel()
            own, against = positions.first[layer.name][bit], positions.second[layer.name][bit]
            wanted.append(int(flat[own].sum()) - int(flat[against].sum()))
    assert differences(masks, positions).tolist() == wanted
