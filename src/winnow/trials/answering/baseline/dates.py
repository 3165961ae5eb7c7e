"""When something in a sentence happened: dates, years, "two weeks ago", "last year", as intervals of days."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from winnow.trials.composition import Window

_MONTHS = {name.lower(): place for place, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): place for place, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMBERS = {
    word: n
    for n, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
_NUMBERS |= {"a": 1, "an": 1, "couple of": 2, "a couple of": 2}
_NUMBER = r"\d+(?:\.\d+)?|a couple of|couple of|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25, "decade": 3652.5}
_UNIT = r"(?P<unit>hour|day|week|month|year|decade)s?"
# "Three months ago" may be off by half a month: rounding to the unit is how people speak.
_ROUNDING = 0.5


@dataclass(frozen=True)
class When:
    """An interval in which something in a text happened, both ends included, and where the text says so."""

    first: date
    last: date
    start: int
    end: int
    since: bool = False


def find_dates(text: str, today: date) -> list[When]:
    """Every time the text names, in order; "ago" counts from `today`, the day the text was written.

    Ambiguous numeric dates are read month first, as in the United States; impossible ones are left out.
    """
    found: list[When] = []
    for pattern, read in _FORMS:
        for match in pattern.finditer(text):
            interval = _safely(read, match, today)
            if interval and all(match.end() <= when.start or match.start() >= when.end for when in found):
                since = bool(re.search(r"\b(?:since|for (?:the )?(?:past|last)?)\s*$", text[: match.start()].lower()))
                found.append(When(*interval, match.start(), match.end(), since))
    return sorted(found, key=lambda when: when.start)


def nearest(dates: list[When], start: int, end: int, reach: int = 80) -> When | None:
    """The time that stands closest to the characters `start` to `end`, no further than `reach`; None without one."""
    gaps = [(max(when.start - end, start - when.end, 0), when.start < start, when) for when in dates]
    close = [gap for gap in gaps if gap[0] <= reach]
    return min(close, key=lambda gap: gap[:2])[2] if close else None


def in_window(first: date, last: date, window: Window, as_of: date) -> bool | None:
    """Whether something that happened between two days lies in the window; None when it may or may not."""
    if window.days is None or window.relation in ("ever", "current"):
        return True
    edge = as_of - timedelta(days=round(window.days))
    if window.relation == "before":
        return True if last < edge else False if first >= edge else None
    return True if first >= edge else False if last < edge else None


def _safely(
    read: Callable[[re.Match[str], date], tuple[date, date]], match: re.Match[str], today: date
) -> tuple[date, date] | None:
    try:
        return read(match, today)
    except (ValueError, OverflowError):
        return None


def _day(match: re.Match[str], _: date) -> tuple[date, date]:
    year = int(match["year"])
    year += (2000 if year < 50 else 1900) if year < 100 else 0
    month, day = _month(match["month"]), int(match["day"])
    if month > 12:
        month, day = day, month
    when = date(year, month, day)
    return when, when


def _whole_month(match: re.Match[str], _: date) -> tuple[date, date]:
    year, month = int(match["year"]), _month(match["month"])
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _whole_year(match: re.Match[str], today: date) -> tuple[date, date]:
    year = int(match["year"])
    if not 1900 <= year <= today.year + 5:
        raise ValueError("no year of a life")
    return date(year, 1, 1), date(year, 12, 31)


def _ago(match: re.Match[str], today: date) -> tuple[date, date]:
    count, unit = _count(match["count"]), _DAYS[match["unit"].lower()]
    slack = unit * _ROUNDING if unit > 1 else 0
    middle = count * unit
    return today - timedelta(days=round(middle + slack)), today - timedelta(days=max(round(middle - slack), 0))


def _last(match: re.Match[str], today: date) -> tuple[date, date]:
    if match["unit"].lower() == "year":
        return date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)
    unit = _DAYS[match["unit"].lower()]
    return today - timedelta(days=round(2 * unit)), today - timedelta(days=1)


def _near(match: re.Match[str], today: date) -> tuple[date, date]:
    back = {"yesterday": 1, "today": 0, "tonight": 0, "this morning": 0, "this afternoon": 0}[match[0].lower()]
    when = today - timedelta(days=back)
    return when, when


def _month(written: str) -> int:
    return int(written) if written.isdigit() else _MONTHS[written.lower().rstrip(".")]


def _count(written: str) -> float:
    return float(_NUMBERS.get(written.lower(), 0) or written)


_Y = r"(?P<year>(?:19|20)\d\d)"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], tuple[date, date]]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (rf"\b{_Y}-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?!\d)", _day),
        (r"(?<![\d/])(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>(?:19|20)?\d\d)(?![\d/])", _day),
        (rf"\b(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? {_Y}\b", _day),
        (rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{_MONTH})\.?,? {_Y}\b", _day),
        (rf"\b(?P<month>{_MONTH})\.?,? (?:of )?{_Y}\b", _whole_month),
        (rf"(?<![\d/])(?P<month>0?[1-9]|1[0-2])/{_Y}\b", _whole_month),
        (rf"\b{_Y}-(?P<month>0[1-9]|1[0-2])(?![\d-])", _whole_month),
        (rf"\b(?:in|since|during|from|of|until|circa|around|\() ?{_Y}\b", _whole_year),
        (rf"\b(?P<count>{_NUMBER})[ -]{_UNIT} (?:ago|earlier|before|prior|previously|back)\b", _ago),
        (rf"\b(?:for|over|past|last) (?:the )?(?:past |last )?(?P<count>{_NUMBER})[ -]{_UNIT}\b", _ago),
        (r"\blast (?P<unit>week|month|year)\b", _last),
        (r"\b(?:yesterday|today|tonight|this morning|this afternoon)\b", _near),
    )
)
