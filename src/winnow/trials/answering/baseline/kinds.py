"""Numerals and letters that name a kind: type 2, stage IIIB, NYHA class III, hepatitis C, exon 19, PD-L1, non-small.

Another one of the same series is another thing, so each becomes one exact word; roman and arabic numerals are the same.
"""

from __future__ import annotations

import re

_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
          "x": "10", "xi": "11", "xii": "12", "xiii": "13"}  # fmt: skip
_VALUE = r"(?:\d{1,3}[a-eA-E]?\d?|(?i:viii|vii|xiii|xii|iii|ii|iv|vi|ix|xi)[a-eA-E]?\d?|[IVX][A-E]?\d?|[A-E])"
_SERIES = (
    r"(?:type|stage|grade|factor|exon|phase|chromosome|vitamin|influenza|group|cohort|"
    r"nyha(?:[ -](?:functional))?(?:[ -]class)?|child[ -]pugh(?:[ -](?:class|score))?|functional class|class)"
)
# For the pattern of words: a series with its value, or a name whose digits stand behind a hyphen or a stroke.
KIND = rf"(?P<series>(?i:{_SERIES}))[ -]?(?P<value>{_VALUE})|(?P<virus>(?i:hepatitis)) (?P<letter>[A-E]|[b-e](?=\W|$))"
CODE = r"(?i:pd-?l-?1|pd-1|covid[ -]?19|brca ?1/2|cdk ?4/6)|[A-Z][A-Za-z]{0,4}-[A-Z]?\d{1,3}[A-Z]?"
# "Non-smoker" and the like only deny their word; any other "non-" makes another kind.
DENYING = r"(?:smok|diabet|pregnan|drink|metasta)"
NON = rf"(?i:non[ -](?!{DENYING})(?:small[ -]cell|[a-z]{{3,}}))"


def exact_kind(match: re.Match[str]) -> tuple[str, tuple[str, ...]]:
    """The exact word of a match of `KIND` and the broader ones it answers to: stage IVB is stage IV, "stage" is not."""
    if match["virus"]:
        return f"hepatitis{match['letter'].lower()}", ("hepatitis",)
    series = "nyha" if match["series"].lower().startswith("nyha") else match["series"].lower()
    series = "childpugh" if series.startswith("child") else "class" if series == "functional class" else series
    parts = re.fullmatch(r"(\d+|[ivx]+|[a-e])([a-e]?)(\d?)", match["value"].lower())
    if parts is None:
        return series + match["value"].lower(), ()
    number = _ROMAN.get(parts[1], parts[1]) if not (parts[1] in "ivx" and match["value"].islower()) else parts[1]
    steps = [f"{series}{number}", f"{series}{number}{parts[2]}", f"{series}{number}{parts[2]}{parts[3]}"]
    broader = [step for step in dict.fromkeys(steps) if step != steps[-1]]
    return steps[-1], (*broader, f"class{number}") if series == "nyha" else tuple(broader)


def exact_code(text: str) -> str:
    """A name with its digits as one word: "PD-L1" and "PDL1" are "pdl1", "HER-2" is "her2"."""
    return re.sub(r"[ -]", "", text.lower())
