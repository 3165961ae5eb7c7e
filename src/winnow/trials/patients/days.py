"""Days as charts write them: ISO, American, European with dots, and with the month's name."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple

Order = Literal["month first", "day first"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?\s*(?:z|utc|gmt|[+-]\d{2}:?\d{2})?"
_END = rf"(?:(?:\s*,)?(?:\s+(?:at\s+)?|t){_CLOCK})?\s*$"
_ISO = re.compile(r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})" + _END, re.IGNORECASE)
_COMPACT = re.compile(
    r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:t?\d{4}(?:\d{2})?(?:[+-]\d{4})?)?$", re.IGNORECASE
)
_SLASHED = re.compile(r"(?P<a>\d{1,2})(?P<sep>[/-])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})" + _END, re.IGNORECASE)
_DOTTED = re.compile(r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4}|\d{2})" + _END, re.IGNORECASE)
_DAY_NAMED = re.compile(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s-]*{_MONTH}[\s,-]*(?P<y>\d{{4}})" + _END, re.IGNORECASE)
_NAME_FIRST = re.compile(rf"{_MONTH}\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s+(?P<y>\d{{4}})" + _END, re.IGNORECASE)
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+", re.IGNORECASE)
_PARTIAL = re.compile(r"(?P<y>\d{4})(?:-(?P<m>\d{2}))?$")
_IN_NAME = re.compile(
    r"(?<!\d)(?:(?:19|20)\d{2}([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])|\d{1,2}-\d{1,2}-(?:19|20)\d{2})(?!\d)"
)


class DayRange(NamedTuple):
    """The first and the last day that a possibly partial date can mean."""

    first: date
    last: date


class DayInName(NamedTuple):
    """The day in a file's name, the name without it, and whether the order of day and month was taken on trust."""

    day: date | None
    rest: str
    ambiguous: bool


def read_day(value: object, order: Order = "month first") -> date | None:
    """The day that a value of a table or a header line names; None when it names none for certain.

    The clock time and zone are passed over: the day is the one written. Digits with slashes or hyphens are read month
    first, as American charts write them, unless `order` says otherwise; digits with dots are day first. A date that is
    impossible in that order is None, never silently turned round. Two-digit years follow POSIX: 69-99 are 19xx.

    Args:
        value: a date, a datetime or text such as "2024-03-01T10:20Z", "8/7/20 0:52", "12 Mar 2021", "20240301".
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = _WEEKDAY.sub("", str(value).strip(), count=1)
    for pattern in (_ISO, _COMPACT, _DOTTED, _DAY_NAMED, _NAME_FIRST, _SLASHED):
        found = pattern.match(text)
        if found:
            return _made(found.groupdict(), order)
    return None


def _made(parts: dict[str, str | None], order: Order) -> date | None:
    if parts.get("a"):
        month, day = (parts["a"], parts["b"]) if order == "month first" else (parts["b"], parts["a"])
    else:
        month, day = parts.get("m"), parts["d"]
    number = _MONTHS.index((parts["name"] or "")[:3].lower()) + 1 if parts.get("name") else int(month or 0)
    try:
        return date(_year(parts["y"] or ""), number, int(day or 0))
    except ValueError:
        return None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= 69 else 2000)


def day_order(values: Iterable[object]) -> Order | None:
    """The order that all slashed dates of one column share: month first unless a first number is over 12.

    None when the column contradicts itself (some dates can only be month first, others only day first).
    """
    slashed = [_SLASHED.match(str(value).strip()) for value in values if not isinstance(value, date)]
    pairs = [(int(found["a"]), int(found["b"])) for found in slashed if found]
    month_first = any(b > 12 >= a for a, b in pairs)
    day_first = any(a > 12 >= b for a, b in pairs)
    if month_first and day_first:
        return None
    return "day first" if day_first else "month first"


def is_ambiguous(value: object) -> bool:
    """Whether the order of month and day must be known to read this value."""
    found = None if isinstance(value, date) else _SLASHED.match(str(value).strip())
    return bool(found) and found["a"] != found["b"] and int(found["a"]) <= 12 and int(found["b"]) <= 12


def day_in_name(name: str) -> DayInName:
    """The day inside a file's name: "pathology_20240301" gives 1 March 2024, the rest is "pathology_"."""
    for found in _IN_NAME.finditer(name):
        written = found.group().replace("_", "-")
        day = read_day(written)
        if day:
            return DayInName(day, f"{name[: found.start()]} {name[found.end() :]}", is_ambiguous(written))
    return DayInName(None, name, False)


def read_range(text: str) -> DayRange | None:
    """The days that a FHIR date or dateTime can mean: "2017" is all of 2017 (hl7.org/fhir/R4/datatypes.html)."""
    partial = _PARTIAL.match(text.strip())
    try:
        if not partial:
            day = date.fromisoformat(text.strip()[:10])
            return DayRange(day, day)
        year, month = int(partial["y"]), partial["m"]
        first, last = (int(month), int(month)) if month else (1, 12)
        return DayRange(date(year, first, 1), date(year, last, monthrange(year, last)[1]))
    except ValueError:
        return None
