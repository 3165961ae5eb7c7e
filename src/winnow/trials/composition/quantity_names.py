"""Where a text names clinical quantities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from winnow.trials.composition.quantity_table import QUANTITIES, Kind


@dataclass(frozen=True)
class Name:
    """A quantity's name and the characters it stands at."""

    start: int
    end: int
    kind: Kind


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], dict[str, Kind], re.Pattern[str], dict[str, Kind]]:
    """Names in any case and abbreviations in their own, longest first, with the kinds they stand for."""
    names = {name: kind for kind in QUANTITIES.values() for name in kind.names}
    short = {name: kind for kind in QUANTITIES.values() for name in kind.abbreviations}
    return _any_of(names, re.IGNORECASE), names, _any_of(short, re.NOFLAG), short


def _any_of(words: dict[str, Kind], flags: re.RegexFlag) -> re.Pattern[str]:
    longest = sorted(words, key=len, reverse=True)
    return re.compile(
        r"(?<![\w/+-])(?:" + "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in longest) + r")(?![\w])", flags
    )


def names_in(text: str) -> list[Name]:
    """Every name, by where it starts, the longer first; names may overlap."""
    pattern, names, short_pattern, short = _patterns()
    found = [Name(m.start(), m.end(), names[re.sub(r"\s+", " ", m[0].lower())]) for m in pattern.finditer(text)]
    found += [Name(m.start(), m.end(), short[m[0]]) for m in short_pattern.finditer(text)]
    return sorted(found, key=lambda name: (name.start, -name.end))


def first_of(names: list[Name], name: Name, text: str) -> int:
    """Where the row of names for one thing starts: "ECOG PS", "ALT (SGPT)"."""
    start = name.start
    for other in reversed([other for other in names if other.start < start]):
        if other.kind is not name.kind or not re.fullmatch(r"[\s(\[/]*", text[other.end : start]):
            break
        start = other.start
    return start
