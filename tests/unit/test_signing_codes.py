"""BCH codes: words that the peer library gives too, correction to the radius, honest failure beyond it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from winnow.core import WinnowError
from winnow.signing.code import codes
from winnow.signing.code.codes import CODES, code_length, decode, encode, payload_bits, radius

PAYLOAD = hashlib.sha256(b"winnow").digest()[:16]
ALL = pytest.mark.parametrize("code", list(CODES))

# SHA-256 of the packed code word of PAYLOAD, made when `galois.BCH(n, k).encode` (0.4.11) gave the same words; that
# package compiles itself for minutes before its first word, so the suite does not ask it again.
WORDS = {
    "bch-1023-133": "e97e0adab76af659b601e24768638d5289d6c77ef5aa5a7a21cc3a4ac8ab3151",
    "bch-511-130": "2fa5fa3c8405ea74f60a0026329af74159eea1c60142d7293b50bbf114078aa1",
    "bch-255-131": "326e8d5a1c2b20f372c068bc5c9e5a35e25f1a19aebb6f3fb6683e9798a0b1b4",
    "bch-127-64": "5c4eafbdd5f20eeed2d08c67d4d1bd149343f7d0022d9205f0918918cbdeb009",
}


def flipped(code: str, count: int, seed: int) -> np.ndarray:
    word = encode(code, PAYLOAD)
    word[np.random.default_rng(seed).choice(len(word), count, replace=False)] ^= True
    return word


@ALL
def test_words_are_those_of_the_peer(code):
    word = encode(code, PAYLOAD)
    assert hashlib.sha256(np.packbits(word).tobytes()).hexdigest() == WORDS[code]


@ALL
def test_the_radius_is_the_designed_one(code):
    # The generator's roots are exactly the conjugates of the first 2t powers, and the next power is none of them: t is
    # not one too small, and the dimension is what they leave.
    length, dimension, most, _ = CODES[code]
    roots = {power << turn for power in range(1, 2 * most + 1) for turn in range(length.bit_length())}
    roots = {root % length for root in roots}
    assert length - len(roots) == dimension
    assert 2 * most + 1 not in roots


@ALL
def test_code_words_are_linear_cyclic_and_far_apart(code):
    rng = np.random.default_rng(3)
    one, other = encode(code, rng.bytes(16)), encode(code, rng.bytes(16))
    assert not codes._syndromes(code, one ^ other).any()
    assert not codes._syndromes(code, np.roll(one, 5)).any()
    assert (one ^ other).sum() > 2 * radius(code)
    assert codes._syndromes(code, np.eye(1, len(one), 3, dtype=bool)[0] ^ one).any()


@ALL
def test_every_count_up_to_the_radius_is_corrected(code):
    for errors in sorted({0, 1, 2, radius(code) // 2, radius(code) - 1, radius(code)}):
        found = decode(code, flipped(code, errors, errors))
        assert found is not None and found.errors == errors
        assert found.payload == PAYLOAD[: payload_bits(code) // 8]


@ALL
def test_beyond_the_radius_it_says_so(code):
    for seed, more in enumerate((1, 2, 5, 10, 30)):
        found = decode(code, flipped(code, radius(code) + more, seed))
        # Another word within the radius is possible, the sent one is not: that would be more flips than reported.
        assert found is None or found.payload != PAYLOAD[: payload_bits(code) // 8]


def test_random_words_decode_to_nothing():
    # A random word lies within the radius of a code word with chance about 1/t! or less.
    rng = np.random.default_rng(4)
    for code in ("bch-511-130", "bch-255-131"):
        assert all(decode(code, rng.random(code_length(code)) < 0.5) is None for _ in range(40))


def test_what_the_shortest_code_accepts_of_random_words_is_rare_and_within_its_radius():
    # The volume of its balls: sum C(127, i) for i <= 10, by 2^64 words, over 2^127: 2.4e-5.
    rng = np.random.default_rng(5)
    assert sum(decode("bch-127-64", rng.random(127) < 0.5) is not None for _ in range(200)) == 0


@pytest.mark.parametrize("code", ["bch-1023-133", "bch-511-130", "bch-255-131"])
def test_a_code_word_outside_the_payload_is_none(code):
    length, dimension, _, _ = CODES[code]
    padded = np.zeros(dimension, dtype=bool)
    padded[128] = True
    word = np.concatenate([padded, np.bitwise_xor.reduce(codes._check_rows(code)[padded], axis=0)])
    assert len(word) == length and not codes._syndromes(code, word).any()
    assert decode(code, word) is None


@ALL
def test_shorter_payloads_are_filled_and_longer_ones_cut(code):
    size = payload_bits(code) // 8
    assert (encode(code, b"\xa5") == encode(code, b"\xa5" + bytes(15))).all()
    assert (encode(code, PAYLOAD + b"more") == encode(code, PAYLOAD[:size])).all()
    assert not encode(code, b"").any()
    found = decode(code, encode(code, b"\xa5"))
    assert found is not None and found.payload == b"\xa5" + bytes(size - 1)


def test_payloads():
    assert [payload_bits(code) for code in CODES] == [128, 128, 128, 64]
    assert [code_length(code) for code in CODES] == [1023, 511, 255, 127]


def test_the_received_word_is_left_as_it_was():
    word = flipped("bch-127-64", 4, 0)
    before = word.copy()
    decode("bch-127-64", word)
    assert (word == before).all()


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="bits for the code"):
        decode("bch-127-64", np.zeros(126, dtype=bool))
    with pytest.raises(WinnowError, match="WN-O02") as caught:
        encode("bch-63-7", b"")
    assert "bch-511-130" in str(caught.value)
