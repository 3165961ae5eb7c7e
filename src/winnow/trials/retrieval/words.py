"""Words that carry content: lower case, lightly stemmed, no stop words; what both sides of a search are cut into."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Negations, "and" and "or" go too: what is searched is the topic, and assertion is judged on the sentence found.
_STOP_WORDS = """
    a about after all also am an and any are as at be because been being both but by can could did do does doing
    during each either for from further had has have having he her here hers him his how i if in into is it its just
    may me more most must my no nor not of off on once only or other our out over own patient patients per pt pts
    s same she should so some such than that the their them then there these they this those through to too under
    until up upon us very was we were what when where which while who whom whose why will with within without would
    you your"""
_STOP = frozenset(_STOP_WORDS.split())
# Letters and digits, a decimal point or comma between digits.
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:['\u2019][^\W\d_]+)?")
# PD-L1, HER-2, CTLA-4, 5-FU: written in one piece as often.
_JOINED = re.compile(r"\b[^\W\d_]{1,5}-[^\W\d_]?\d{1,3}\b|\b\d{1,3}-[^\W\d_]{2,4}\b")
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2212\ufe63\uff0d", "-") | {"\u00ad": None})
# Endings, longest first, and what stands for them: metastases, metastasis and metastatic are one word.
_ENDINGS = (
    ("ization", "iz"),
    ("isation", "iz"),
    ("ational", "at"),
    ("ations", "at"),
    ("ation", "at"),
    ("ating", "at"),
    ("ated", "at"),
    ("ates", "at"),
    ("ases", "as"),
    ("asis", "as"),
    ("atic", "as"),
    ("oses", "os"),
    ("osis", "os"),
    ("osed", "os"),
    ("otic", "os"),
    ("ostic", "os"),
    ("emias", "em"),
    ("emia", "em"),
    ("emic", "em"),
    ("omas", "oma"),
    ("ment", ""),
    ("ies", "y"),
    ("ing", ""),
    ("ate", "at"),
    ("ed", ""),
    ("es", ""),
    ("s", ""),
    ("e", ""),
)
_SHORTEST_STEM = 4


def content_words(text: str) -> list[str]:
    """The words of a text in order, repeats included.

    Hyphenated names of genes and drugs count once in their parts and once joined, so that PD-L1 finds PDL1. Gene
    variants stay whole: G12C is another word than G12V.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_HYPHENS).lower()
    words = [_stem(token) for token in _TOKEN.findall(plain) if token not in _STOP]
    return words + [joined.replace("-", "") for joined in _JOINED.findall(plain)]


@lru_cache(maxsize=1 << 16)
def _stem(token: str) -> str:
    word = token.split("'")[0].split("\u2019")[0]
    if not word.isalpha() or word.endswith(("ss", "us")):
        return word
    for ending, stands in _ENDINGS:
        stem = word.removesuffix(ending) if word.endswith(ending) else ""
        if len(stem) >= _SHORTEST_STEM - len(stands):
            return stem + stands
    return word
