"""Keys and streams: the standard constructions, uniform draws, and vectors that pin them."""

from __future__ import annotations

import hashlib
import hmac
from itertools import pairwise

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from scipy.stats import chisquare

from winnow.signing.code import stream
from winnow.signing.code.stream import KeyStream, derive_key

KEY = bytes(range(32))


def test_the_derivation_is_rfc_5869():
    # Extract, then expand by one block, written out beside the library's.
    secret, public, name = bytes([11] * 32), bytes([7] * 32), "resnet-20/ünïcode"
    salt = hashlib.sha256(public + name.encode()).digest()
    extracted = hmac.digest(salt, secret, "sha256")
    expanded = hmac.digest(extracted, stream._INFO + b"\x01", "sha256")
    assert derive_key(secret, public, name) == expanded


def test_owner_model_and_secret_each_change_the_key():
    keys = {derive_key(s, p, m) for s in (b"a" * 32, b"b" * 32) for p in (b"c" * 32, b"d" * 32) for m in ("x", "y")}
    assert len(keys) == 8 and all(len(key) == 32 for key in keys)


def test_the_stream_is_aes_256_in_counter_mode_under_an_hmac_of_the_label():
    block = Cipher(algorithms.AES(hmac.digest(KEY, b"positions", "sha256")), modes.ECB()).encryptor()
    blocks = b"".join(block.update(count.to_bytes(16, "big")) for count in range(5))
    assert KeyStream(KEY, "positions").bytes(80) == blocks


def test_the_stream_is_pinned():
    drawn = KeyStream(KEY, "positions").bytes(16) + KeyStream(KEY, "ties").bytes(16)
    assert drawn.hex() == "17074be6e18d51675ffbe02c2b63a002a3ba64ef0bf174fbe7424a4c372a1f47"
    assert KeyStream(KEY, "labels").integers(8, 1000).tolist() == [434, 814, 114, 418, 409, 714, 94, 900]


@pytest.mark.parametrize("cuts", [(0, 100), (0, 1, 17, 64, 100), (0, 99, 100)])
def test_a_stream_does_not_depend_on_how_it_is_cut(cuts):
    own = KeyStream(KEY, "x")
    assert b"".join(own.bytes(b - a) for a, b in pairwise(cuts)) == KeyStream(KEY, "x").bytes(100)


def test_labels_and_keys_give_unrelated_streams():
    streams = [KeyStream(key, label).bits(4096) for key in (KEY, KEY[::-1]) for label in ("a", "b", "positions")]
    for at, one in enumerate(streams):
        for other in streams[:at]:
            # 4,096 fair coins: 6 standard deviations are 192.
            assert abs(int((one == other).sum()) - 2048) < 192


def test_bits_take_whole_bytes_highest_first():
    own, same = KeyStream(KEY, "x"), KeyStream(KEY, "x")
    first, second = own.bits(11), own.bits(3)
    text = same.bytes(3)
    whole = f"{text[0]:08b}{text[1]:08b}"
    assert "".join(str(int(bit)) for bit in first) == whole[:11]
    assert "".join(str(int(bit)) for bit in second) == f"{text[2]:08b}"[:3]


@pytest.mark.parametrize("below", [1, 2, 3, 10, 1000])
def test_integers_are_uniform(below):
    drawn = KeyStream(KEY, f"below {below}").integers(20_000, below)
    assert drawn.dtype == np.int64 and drawn.min() >= 0 and drawn.max() < below
    if below > 1:
        assert chisquare(np.bincount(drawn, minlength=below)).pvalue > 1e-3


def test_uneven_bounds_are_drawn_again_not_folded():
    # Of 2^64 words, those beyond the last multiple of 3 * 2^61 (a quarter) must be refused.
    below = 3 * 2**61
    words = np.frombuffer(KeyStream(KEY, "big").bytes(8 * 4000), dtype="<u8")
    good = words[words < 2 * below]
    assert 0.2 < 1 - len(good) / len(words) < 0.3
    assert KeyStream(KEY, "big").integers(2000, below).tolist() == (good[:2000] % np.uint64(below)).tolist()


def test_one_by_one_or_all_at_once():
    own = KeyStream(KEY, "n")
    assert [own.below(3 * 2**61) for _ in range(50)] == KeyStream(KEY, "n").integers(50, 3 * 2**61).tolist()


@pytest.mark.parametrize("below", [0, -1, 2**63 + 1])
def test_bounds_out_of_range_are_refused(below):
    with pytest.raises(ValueError, match="no integers"):
        KeyStream(KEY, "x").integers(1, below)
