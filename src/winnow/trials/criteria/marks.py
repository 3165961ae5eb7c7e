"""List marks at the start of a line: bullets, numbers and letters, and their order."""

from __future__ import annotations

import re
from dataclasses import dataclass

from winnow.trials.criteria.signs import BULLET, DASH

_BULLET = rf"\\?[{BULLET}]|o(?= )"
# A dash or star may touch the word it lists, but never a number ("-5 kg") or its own kind ("**bold**", "--").
_LEADING_BULLET = re.compile(rf"(?:{_BULLET})(?:[ \t]*(?:{_BULLET}))*(?=\s|[^\W\d_]|[(<>≥≤\"'“]|\d{{1,2}}[.)]\s)")
_ORDERED = re.compile(
    r"(?P<open>[(\[])?(?P<sign>\d{1,2}|[A-Za-z]|[ivxIVX]{2,5})\s?(?P<close>\\?[.)\]\u3001\uff0e])"
    r"(?=\s|[^\W\d_]{2}|[^\W\d_]\s|[≥≤<>(\"\u201c])"
)
_DASHED = re.compile(rf"(?P<sign>\d{{1,2}})\s?[{DASH}](?=\s*[^\W\d_])")
_DOTTED = re.compile(r"\d{1,2}(?:\.\d{1,2})+[.)]?\s+(?=[A-Z][a-z])")
_NAMED = re.compile(r"(?P<sign>(?:[IE]|INC|EXC|IC|EC)[-. ]?\d{1,2}[.):])(?=\s)")  # "E-4."
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}


@dataclass(frozen=True)
class Mark:
    """A list mark.

    Attributes:
        length: characters it takes, the space after it not counted.
        style: equal for marks of one list: the bullet's character, or "1.", "(a)", "i)" and the like.
        rank: 1, 2, 3 ... for numbers and letters; 0 for a bullet.
    """

    length: int
    style: str
    rank: int = 0


def leading_mark(text: str, last: dict[str, int]) -> Mark | None:
    """The mark that `text` starts with, a bullet followed by a number counting as one; None when there is none.

    Args:
        text: a line without leading white space.
        last: rank of the last mark of each style so far. A single letter or a dashed number is a mark only when it
            goes on with a list or starts one: "E. coli" and "5-FU" are no marks.
    """
    bullet = _LEADING_BULLET.match(text)
    at = bullet.end() if bullet else 0
    space = len(text[at:]) - len(text[at:].lstrip())
    ordered = ordered_mark(text[at + space :], last)
    if ordered:
        style = (bullet[0][-1] if bullet else "") + ordered.style
        return Mark(at + space + ordered.length, style, ordered.rank)
    return Mark(at, bullet[0][-1]) if bullet else None


def ordered_mark(text: str, last: dict[str, int]) -> Mark | None:
    """The number or letter that `text` starts with, as `leading_mark` says."""
    dotted = _DOTTED.match(text)
    if dotted:
        return Mark(len(dotted[0].rstrip()), f"1{'.1' * dotted[0].count('.')}", 1)
    named = _NAMED.match(text)
    if named:
        return Mark(len(named[0]), "E1", int(re.sub(r"\D", "", named[0])))
    match = _ORDERED.match(text)
    if match:
        return _ordered(match, last)
    dashed = _DASHED.match(text)
    rank = int(dashed["sign"]) if dashed else 0
    return Mark(len(dashed[0]), "1-", rank) if dashed and rank == last.get("1-", 0) + 1 else None


def _ordered(match: re.Match[str], last: dict[str, int]) -> Mark | None:
    sign, shape = match["sign"], (match["open"] or "") + "{}" + match["close"][-1]
    if sign.isdigit():
        return Mark(match.end(), shape.format("1"), int(sign))
    for style, rank in _letter_ranks(sign, shape):
        sure = sign in ("ii", "iii", "vi", "vii", "viii")
        if rank == 1 or sure or (0 < rank - last.get(style, 0) <= 2 and style in last):
            return Mark(match.end(), style, rank)
    return None


def _letter_ranks(sign: str, shape: str) -> list[tuple[str, int]]:
    """The readings of a letter mark: "i" is the first roman number or the ninth letter."""
    case = "a" if sign.islower() else "A"
    roman = _ROMAN.get(sign.lower(), 0)
    letter = ord(sign.lower()) - ord("a") + 1 if len(sign) == 1 else 0
    roman_style = shape.format("i" if case == "a" else "I")
    readings = [(shape.format(case), letter), (roman_style, roman)]
    return [(style, rank) for style, rank in readings if rank]
