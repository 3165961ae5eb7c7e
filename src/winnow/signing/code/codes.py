"""The code words of a mark: binary BCH codes, which give the payload back when some bits have flipped.

Systematic code words: the payload's bits first, then zeros up to the code's dimension, then the check bits. Fields and
code words are those of the `galois` package, whose own coder needs half a minute to compile itself before its first
word. Source: Lin and Costello, "Error Control Coding", chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from winnow.core import WinnowError

# name: length, dimension, errors corrected, the field's primitive polynomial (bit i: x^i); the longest first.
CODES: dict[str, tuple[int, int, int, int]] = {
    "bch-1023-133": (1023, 133, 127, 0b10000001001),
    "bch-511-130": (511, 130, 55, 0b1000010001),
    "bch-255-131": (255, 131, 18, 0b100011101),
    "bch-127-64": (127, 64, 10, 0b10001001),
}
_PAYLOAD = 128


@dataclass(frozen=True)
class Decoded:
    """What a code word said.

    Attributes:
        payload: `payload_bits(code) / 8` bytes.
        errors: how many bits had to be corrected.
    """

    payload: bytes
    errors: int


def code_length(code: str) -> int:
    """How many bits a code word has.

    Raises:
        WinnowError: WN-O02 for an unknown code.
    """
    return _facts(code)[0]


def payload_bits(code: str) -> int:
    """How many bits of payload a code word carries: 128, or 64 for the shortest code."""
    return min(_PAYLOAD, _facts(code)[1])


def radius(code: str) -> int:
    """How many flipped bits are corrected for certain."""
    return _facts(code)[2]


def encode(code: str, payload: bytes) -> np.ndarray:
    """The code word (booleans of shape (length,)) of a payload.

    The first `payload_bits(code)` bits of the payload count, the highest bit of a byte first; a shorter payload is
    filled with zeros.
    """
    length, dimension, _, _ = _facts(code)
    word = np.zeros(length, dtype=bool)
    given = np.unpackbits(np.frombuffer(payload, dtype=np.uint8))[: payload_bits(code)]
    word[: len(given)] = given
    word[dimension:] = np.bitwise_xor.reduce(_check_rows(code)[word[:dimension]], axis=0)
    return word


def decode(code: str, bits: np.ndarray) -> Decoded | None:
    """The payload of a received word with at most `radius(code)` bits flipped, else None.

    None also where the corrected word is no word that `encode` gives (a bit set between payload and check bits).
    Beyond the radius a wrong payload is possible, but rare: few words lie within the radius of a code word.

    Raises:
        ValueError: another number of bits than the code has.
    """
    length, dimension, most, _ = _facts(code)
    word = np.array(bits, dtype=bool)
    if word.shape != (length,):
        raise ValueError(f"{word.shape} bits for the code {code}")
    found = _errors(code, word)
    if found is None or len(found) > most:
        return None
    word[found] ^= True
    if word[payload_bits(code) : dimension].any() or _syndromes(code, word).any():
        return None
    return Decoded(np.packbits(word[: payload_bits(code)]).tobytes(), len(found))


def _facts(code: str) -> tuple[int, int, int, int]:
    if code not in CODES:
        known = ", ".join(CODES)
        raise WinnowError("WN-O02", f"no such code {code!r}", fix=f"Known codes: {known}.")
    return CODES[code]


@lru_cache
def _field(code: str) -> tuple[np.ndarray, np.ndarray]:
    """Powers of the primitive element, twice around, and their logarithms (log of 0 is left 0)."""
    length, _, _, polynomial = _facts(code)
    powers, logs, value = np.zeros(2 * length, dtype=np.int64), np.zeros(length + 1, dtype=np.int64), 1
    for at in range(length):
        powers[at] = powers[at + length] = value
        logs[value] = at
        value <<= 1
        value ^= polynomial if value > length else 0
    return powers, logs


@lru_cache
def _generator(code: str) -> int:
    """The generator polynomial as bits of an integer: the product of the minimal polynomials of its roots."""
    length, _, most, _ = _facts(code)
    powers, logs = _field(code)
    roots = {power * 2**turn % length for power in range(1, 2 * most + 1) for turn in range(length.bit_length())}
    product = [1]
    for root in roots:
        shifted = [*product, 0]
        scaled = [0] + [int(powers[logs[c] + root]) if c else 0 for c in product]
        product = [a ^ b for a, b in zip(shifted, scaled, strict=True)]
    return int("".join(str(c) for c in product), 2)


@lru_cache
def _check_rows(code: str) -> np.ndarray:
    """The check bits (dimension, length - dimension) of each message bit alone; those of a message are their sum."""
    length, dimension, _, _ = _facts(code)
    generator, checks = _generator(code), length - dimension
    rows, rest = [], generator ^ 1 << checks
    for _ in range(dimension):
        rows.append([bit == "1" for bit in format(rest, f"0{checks}b")])
        rest <<= 1
        rest ^= generator if rest >> checks else 0
    return np.array(rows[::-1])


def _syndromes(code: str, word: np.ndarray) -> np.ndarray:
    """The word's polynomial (first bit: highest power) at powers 1 to 2t of the primitive element; all 0: no error."""
    length, _, most, _ = _facts(code)
    powers, _ = _field(code)
    degrees = length - 1 - np.flatnonzero(word)
    return np.bitwise_xor.reduce(powers[np.outer(np.arange(1, 2 * most + 1), degrees) % length], axis=1)


def _errors(code: str, word: np.ndarray) -> np.ndarray | None:
    """Indices of flipped bits, or None where the syndromes are of no error pattern within the radius."""
    length = len(word)
    powers, logs = _field(code)
    locator = _locator(code, _syndromes(code, word))
    degree = len(locator) - 1
    # An error at the power e makes the inverse of a^e a root.
    terms = np.flatnonzero(locator)
    exponents = (logs[locator[terms]][:, None] - np.outer(terms, np.arange(length))) % length
    at = np.flatnonzero(np.bitwise_xor.reduce(powers[exponents], axis=0) == 0)
    return length - 1 - at if len(at) == degree else None


def _locator(code: str, syndromes: np.ndarray) -> np.ndarray:
    """Berlekamp and Massey: the shortest register that gives the syndromes; coefficients from the constant up."""
    powers, logs = _field(code)

    def times(values: np.ndarray, factor: int) -> np.ndarray:
        return np.where(values != 0, powers[logs[values] + factor], 0)

    size = len(syndromes) + 1
    now, before = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    now[0] = before[0] = 1
    degree, gap, last = 0, 1, 0
    for step in range(len(syndromes)):
        left, right = now[: degree + 1], syndromes[step - degree : step + 1][::-1]
        both = (left != 0) & (right != 0)
        discrepancy = int(np.bitwise_xor.reduce(powers[logs[left[both]] + logs[right[both]]]))
        if discrepancy:
            shifted = np.zeros(size, dtype=np.int64)
            shifted[gap:] = times(before, int(logs[discrepancy] - last) % (len(logs) - 1))[: size - gap]
            if 2 * degree <= step:
                before, degree, last, gap = now, step + 1 - degree, int(logs[discrepancy]), 0
            now = now ^ shifted
        gap += 1
    return np.trim_zeros(now, "b") if now.any() else now[:1]
