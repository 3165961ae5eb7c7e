"""Ages and sexes in the registry's words."""

from __future__ import annotations

import math
import re

# A registry's year is a calendar year; months divide it evenly so that "6 Months" is exactly half a year.
_YEARS = {
    "year": 1.0,
    "month": 1 / 12,
    "week": 7 / 365.25,
    "day": 1 / 365.25,
    "hour": 1 / 8766,
    "minute": 1 / 525960,
}
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*?)s?", re.IGNORECASE)
_UNLIMITED = {"", "n/a", "na", "none", "no limit", "null", "nan"}
_SEXES = {"all": "all", "both": "all", "female": "female", "f": "female", "male": "male", "m": "male"}


def read_age(words: object) -> float | None:
    """Years from "18 Years", "6 Months", "2 Weeks"; None, which means no bound, for "N/A" or nothing.

    A bare number counts years.

    Raises:
        ValueError: for words that are no age. An age that is not understood must not become a bound.
    """
    text = "" if words is None else str(words).strip()
    if text.lower() in _UNLIMITED:
        return None
    match = _AGE.fullmatch(text)
    unit = match[2].lower() or "year" if match else ""
    if match is None or unit not in _YEARS or not math.isfinite(float(match[1])):
        raise ValueError(f"age {text[:40]!r} is not understood")
    return float(match[1]) * _YEARS[unit]


def read_sex(words: object) -> str:
    """ "all", "female" or "male" from the registry's words; "all" when it does not say.

    Raises:
        ValueError: for any other word.
    """
    text = "" if words is None else str(words).strip().lower()
    if text in _UNLIMITED:
        return "all"
    if text not in _SEXES:
        raise ValueError(f"sex {text[:40]!r} is not understood")
    return _SEXES[text]
