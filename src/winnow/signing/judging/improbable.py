"""How improbable something is, in words that need no logarithm."""

from __future__ import annotations

import math

_RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
# Six numbers of 49: one ticket wins the jackpot in one of 13,983,816 draws.
_LOTTERY = math.log2(math.comb(49, 6))
_SMALL = 10  # below 2^10 the number itself is read more easily than a power


def power(base: int, exponent: float) -> str:
    """ "2⁻⁸⁰": a whole power."""
    return f"{base}{f'{exponent:.0f}'.translate(_RAISED)}"


def odds(log2_p: float) -> str:
    """ "1 in 2⁸⁰ (about one in 10²⁴)" for a probability's logarithm to base 2; small ones as plain numbers."""
    bits = max(-log2_p, 0.0)
    if math.isinf(bits):
        return "impossible"
    if bits < _SMALL:
        return f"1 in {2**bits:,.1f}" if bits < 3 else f"1 in {2**bits:,.0f}"
    # Rounded down, so that no power claims more than was found.
    return f"1 in {power(2, math.floor(bits))} (about one in {_decimal(math.floor(bits * math.log10(2)))})"


def likened(log2_p: float) -> str:
    """What is about as improbable: tosses of a coin, and draws of a lottery where there are two or more in it."""
    bits = max(-log2_p, 0.0)
    if bits < 1 or math.isinf(bits):
        return ""
    tosses = f"as {math.floor(bits):,} tosses of a fair coin that all come up heads"
    draws = math.floor(bits / _LOTTERY)
    if draws < 2:
        return tosses
    return f"{tosses}, or as winning the jackpot of a 6-out-of-49 lottery {draws} draws in a row with one ticket each"


def _decimal(exponent: int) -> str:
    return f"{10**exponent:,}" if exponent < 6 else power(10, exponent)
