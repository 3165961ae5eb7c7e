"""Where sentences end in running clinical text: stops that end one, told from abbreviations, initials and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 800
# A stop, what may close after it, white space, and then the next sentence's first character.
_STOP = re.compile(r"[.!?]+[\"'”\u2019)\]*_]*(?=\s)")
_TITLE_WORDS = "dr drs mr mrs ms prof st vs no nos fig figs e.g i.e eg ie approx ca cf incl resp al viz"
_TITLES = frozenset(_TITLE_WORDS.split())
# "hepatitis C. He": a single capital that ends a name is no initial.
_LETTERED_WORDS = "hepatitis hep vitamin type group grade stage class pugh factor influenza score child"
_LETTERED = frozenset(_LETTERED_WORDS.split())
_STARTER_WORDS = "he she the they no denies patient pt it this her his there on we"
_STARTERS = frozenset(_STARTER_WORDS.split())
_WORD_BEFORE = re.compile(r"(\S+)$")
_WORD_AFTER = re.compile(r"\s+[\"'“\u2018(\[*_]*(\S\w*)")
_BREAKS = ("; ", "\n", ", ", " ")


def sentence_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of `text[start:end]`, trimmed, in order; together they hold all but white space.

    A sentence of more than 800 characters (a list without stops, a line of base64) is cut at a semicolon, line, comma
    or space before that, so that no span outgrows an encoder by much.
    """
    spans: list[tuple[int, int]] = []
    begun = start
    for match in _STOP.finditer(text, start, end):
        if match.end() < end and _ends(text, begun, match.start(), match.end(), end):
            spans += _capped(text, begun, match.end())
            begun = match.end()
    return spans + list(_capped(text, begun, end))


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without white space at its ends; None when there is nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _ends(text: str, begun: int, stop: int, after: int, end: int) -> bool:
    following = _WORD_AFTER.match(text, after, end)
    if following is None:
        return True
    word = following[1]
    if word[0].islower() and word.lower() not in _STARTERS:
        return False
    if text[stop] != ".":
        return True
    before = _WORD_BEFORE.search(text, max(begun, stop - 40), stop)
    token = before[1].lstrip("(\"'“[*") if before else ""
    return not (_is_short_form(token) or _is_initial(text, begun, stop, token) or _is_mark(text, begun, stop, token))


def _is_short_form(token: str) -> bool:
    return token.lower() in _TITLES


def _is_initial(text: str, begun: int, stop: int, token: str) -> bool:
    """One capital after a name or title, as in "John A. Smith"."""
    if len(token) != 1 or not token.isupper():
        return False
    words = text[max(begun, stop - 40) : stop - 1].split()
    last = words[-1].strip("(-\u2013,*") if words else ""
    return last.lower().rstrip(".") in _TITLES or (last[:1].isupper() and last.lower() not in _LETTERED)


def _is_mark(text: str, begun: int, stop: int, token: str) -> bool:
    """The number of a list item inside a line, as in "Plan: 1. CT 2. MRI"."""
    if not token.isdigit() or len(token) > 2:
        return False
    above = text[begun : stop - len(token)].rstrip()
    return not above or above[-1] in ":;."


def _capped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        cut = end if end - start <= LONGEST else _cut(text, start, start + LONGEST)
        if (inner := trimmed(text, start, cut)) is not None:
            yield inner
        start = cut


def _cut(text: str, start: int, limit: int) -> int:
    for mark in _BREAKS:
        at = text.rfind(mark, start + LONGEST // 2, limit)
        if at >= 0:
            return at + len(mark)
    return limit
