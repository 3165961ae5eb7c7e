"""When a fact must hold: "within 4 weeks of randomization", "> 5 years ago", "currently", "history of"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from winnow.trials.composition.numbers import NUMBER, number
from winnow.trials.composition.question import Window

DAYS = {
    "hour": 1 / 24,
    "hr": 1 / 24,
    "h": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "wk": 7.0,
    "month": 30.4375,
    "year": 365.25,
    "yr": 365.25,
}
_DURATION = (
    rf"(?P<count>{NUMBER})\s*(?:\(\s*\d+\s*\)\s*)?(?:(?:-|\u2013|to|or)\s*(?P<count2>{NUMBER})\s*)?[\s-]?"
    r"(?P<unit>hour|hr|day|week|wk|month|year|yr)s?\b'?(?:\s*\(\s*[<>=≤≥ ]*\d+\s*\w+\s*\))?"
)
_ANCHOR_WORD = (
    r"(?!(?:and|or|with|unless|except|who|which|that|are|must|if|but|for|as|in|is|at|by|within|not|will|"
    r"have|has)\b)[\w'/+-]+"
)
_ANCHOR = rf"(?P<anchor>(?:the\s+|their\s+)?{_ANCHOR_WORD}(?:\s+{_ANCHOR_WORD}){{0,6}}(?:,?\s*cycle\s+1,?\s*day\s+1)?)"
_TO = rf"(?:\s*,?\s*(?:of|prior\s+to|before|preceding|from|after|following|since|to|until)\s+{_ANCHOR})"
_MORE = (
    r"(?:>\s*/?\s*=?|≥|=\s*>|more\s+than|longer\s+than|at\s+least|over|greater\s+than(?:\s+or\s+equal\s+to)?|"
    r"no\s+less\s+than|a\s+minimum\s+of)"
)
_LESS = r"(?:<\s*/?\s*=?|≤|=\s*<|less\s+than(?:\s+or\s+equal\s+to)?|fewer\s+than|no\s+more\s+than|up\s+to)"
_PAST = r"(?:last|past|previous|prior|preceding|pervious|recent)"
_START = r"(?:start(?:ing)?|initiation|time|date|day|onset)"
# In order: the first that matches at a place is the reading. Relation; whether the wording is a window of its own.
_WORDINGS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (relation, re.compile(wording, re.IGNORECASE))
    for relation, wording in (
        ("within", rf"\b(?:not\s+)?(?:within|in|during|over|for|≤|<)\s*(?:a\s+period\s+of\s+|"
                   rf"a\s+)?(?:the\s+)?(?:time\s+)?{_PAST}\s+{_DURATION}{_TO}?"),
        ("before", rf"{_MORE}\s*{_DURATION}\s*(?:ago\b|earlier\b|prior\b(?!\s+to\b)|(?:prior\s+to|before|"
                   rf"preceding)\s+{_ANCHOR})"),
        ("within", rf"{_LESS}\s*{_DURATION}\s*(?:ago\b|earlier\b|prior\b(?!\s+to)|(?:prior\s+to|before|preceding|"
                   rf"of(?!\s+(?:age|life|gestation))|from|after)\s+{_ANCHOR})"),
        ("current", rf"\b(?:for|lasting|duration\s+of|of)\s+(?:a\s+)?(?:period\s+of\s+)?(?:the\s+(?:last|past|"
                    rf"previous)\s+)?{_MORE}\s*(?:the\s+{_PAST}\s+)?{_DURATION}(?:\s*(?:duration|prior\b(?!\s+to)|"
                    rf"long))?{_TO}?"),
        ("within", rf"\b(?:within|in|during)\s*(?:a\s+period\s+of\s+|the\s+|a\s+|"
                   rf"{_LESS}\s*)*{_DURATION}(?:\s+(?:prior|before|preceding)(?=\s*(?:[,.;)]|$)))?{_TO}?"),
        ("within", rf"\b{_DURATION}\s*(?:prior\s+to|before|preceding)\s+{_ANCHOR}"),
        ("within", rf"\b{_PAST}\s+{_DURATION}{_TO}?"),
        ("before", rf"\b{_DURATION}\s+ago\b"),
        ("current", rf"\bfor\s+(?:the\s+)?{_DURATION}(?:\s+or\s+(?:more|longer))?{_TO}?"),
    )
)  # fmt: skip
_CURRENT = re.compile(
    r"\b(?:currently|current|ongoing|concurrent(?:ly)?|concomitant(?:ly)?|at\s+present|presently|active(?:ly)?|"
    r"receiving|taking|undergoing"
    r"|at\s+(?:the\s+)?time\s+of\s+(?:enrol\w+|screening|inclusion|randomi[sz]ation|registration)|presence\s+of)\b",
    re.IGNORECASE,
)  # fmt: skip
_EVER = re.compile(
    r"\b(?:(?:any\s+|known\s+|medical\s+|past\s+|prior\s+|previous\s+|past\s+medical\s+)*history(?:\s+of)?|ever|"
    r"prior(?!\s+to)|prior\s+to|"
    r"previous(?:ly)?|past|at\s+any\s+time|lifetime|"
    r"ha(?:s|ve|d)\s+(?:been|had|received|undergone|failed|completed|not\s+received|taken|participated))\b",
    re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A window and the characters of the text that say it."""

    window: Window
    start: int
    end: int


@lru_cache(maxsize=16384)
def read_windows(text: str) -> tuple[Found, ...]:
    """The windows with a length, left to right and without overlap.

    "Within n", "in the last n" and "n before X" look back `n` days; "> n ago" and "at least n before X" look further
    back than that; "for at least n" is a state that holds now and has held for `n` days (relation "current").
    """
    found: list[Found] = []
    if not any(unit in text.lower() for unit in DAYS):
        return ()
    for relation, pattern in _WORDINGS:
        for match in pattern.finditer(text):
            if all(match.end() <= other.start or other.end <= match.start() for other in found):
                found.append(Found(_window(relation, match), match.start(), match.end()))
    return tuple(sorted(found, key=lambda one: one.start))


def window_of(text: str) -> Window | None:
    """The window of a phrase: its first one with a length, else "current" or "ever" by its words, else None."""
    if measured := read_windows(text):
        return measured[0].window
    if _CURRENT.search(text):
        return Window(None, "current")
    return Window(None, "ever") if _EVER.search(text) else None


def lasting(operator: str | None, count: float, unit: str, behind: str) -> Window | None:
    """The window of a bare bound on time: "diabetes >= 6 months" has lasted, "> 3 months after surgery" is past.

    Args:
        operator, count, unit: the bound.
        behind: the words after it.
    """
    days = DAYS.get(unit.lower().strip("- ").rstrip("s"))
    if days is None or operator is None:
        return None
    if operator in ("<", "<="):
        return Window(count * days, "within")
    since = re.match(r"\s*(?:after|post\b|since|from|following|before|prior\s+to)", behind, re.IGNORECASE)
    return Window(count * days, "before" if since else "current")


def _window(relation: str, match: re.Match[str]) -> Window:
    groups = match.groupdict()
    count = number(groups["count2"] or groups["count"])
    anchor = (groups.get("anchor") or "").strip()
    return Window(
        count * DAYS[groups["unit"].lower()], relation, re.sub(r"^(?:the|their)\s+", "", anchor, flags=re.IGNORECASE)
    )
