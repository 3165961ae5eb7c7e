"""Units of clinical numbers as (dimension, factor): `10^9/L`, `K/uL` and `/mm3` are one dimension."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: `value * factor` is the value in the dimension's base unit, after `offset` is added to it."""

    dimension: str
    factor: float
    offset: float = 0.0


# Base units: g/L, mol/L, 1/L, U/L, day, mmHg, kg, m, Celsius, per cent, kg/m2, mL/min, millisecond, per minute.
_PREFIX = {"": 1.0, "k": 1e3, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "mc": 1e-6, "n": 1e-9, "p": 1e-12}
_VOLUME = {
    "l": 1.0,
    "liter": 1.0,
    "litre": 1.0,
    "dl": 0.1,
    "100ml": 0.1,
    "ml": 1e-3,
    "cc": 1e-3,
    "ul": 1e-6,
    "mcl": 1e-6,
    "microliter": 1e-6,
    "mm3": 1e-6,
    "cumm": 1e-6,
    "mmc": 1e-6,
    "cmm": 1e-6,
}
_PLAIN = {
    **dict.fromkeys(("year", "years", "yr", "yrs", "y", "yo", "y/o", "year-old", "years-old"), Unit("time", 365.25)),
    **dict.fromkeys(("month", "months", "mo", "mos", "month-old", "months-old"), Unit("time", 30.4375)),
    **dict.fromkeys(("week", "weeks", "wk", "wks", "week-old", "weeks-old"), Unit("time", 7.0)),
    **dict.fromkeys(("day", "days", "d", "day-old", "days-old"), Unit("time", 1.0)),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), Unit("time", 1 / 24)),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), Unit("time", 1 / 1440)),
    **dict.fromkeys(("%", "percent", "percentage", "pct"), Unit("share", 1.0)),
    **dict.fromkeys(("mmhg", "torr"), Unit("pressure", 1.0)),
    "kpa": Unit("pressure", 7.50062),
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms"), Unit("mass", 1.0)),
    **dict.fromkeys(("g", "gm"), Unit("mass", 1e-3)),
    "mg": Unit("mass", 1e-6),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), Unit("mass", 0.45359237)),
    **dict.fromkeys(("m", "meter", "meters"), Unit("length", 1.0)),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), Unit("length", 1e-2)),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), Unit("length", 1e-3)),
    **dict.fromkeys(("in", "inch", "inches"), Unit("length", 0.0254)),
    **dict.fromkeys(("ms", "msec", "msecs", "milliseconds", "millisecond"), Unit("duration", 1.0)),
    **dict.fromkeys(("sec", "s", "seconds", "second"), Unit("duration", 1000.0)),
    **dict.fromkeys(("c", "celsius"), Unit("temperature", 1.0)),
    **dict.fromkeys(("f", "fahrenheit"), Unit("temperature", 5 / 9, -32.0)),
    **dict.fromkeys(("kg/m2", "kgm-2", "kg/sqm"), Unit("body mass index", 1.0)),
    **dict.fromkeys(("ml/min", "ml/min/1.73m2", "ml/minute", "ml/min/m2", "cc/min", "ml/min/1.73"), Unit("flow", 1.0)),
    "ml/s": Unit("flow", 60.0),
    "ml/sec": Unit("flow", 60.0),
    **dict.fromkeys(("bpm", "beats/min", "beats/minute", "/min", "beatsperminute"), Unit("rate", 1.0)),
    "mmol/mol": Unit("glycation", 1.0),
    **dict.fromkeys(("lines", "line", "regimens", "regimen", "points", "point"), Unit("number", 1.0)),
}
_COUNT = re.compile(
    r"(?:[x*]?10(?:e|\*\*|\*)?(?P<power>\d{1,2})|(?P<word>k|thousand|thous|million|mio|g|giga|m))?"
    r"(?:cells|cell|platelets|neutrophils|copies)?/(?P<volume>\w+)"
)
_COUNT_WORDS = {"k": 1e3, "thousand": 1e3, "thous": 1e3, "million": 1e6, "mio": 1e6, "m": 1e6, "g": 1e9, "giga": 1e9}
_CONCENTRATION = re.compile(r"(?P<prefix>mc|[kdcmunp]?)(?P<base>g|mol|eq|iu|u)/(?P<volume>\w+)")


def unit_key(unit: str) -> str:
    """A unit without spaces, case, exponent marks and spelling: `x 10^9 / L` is `x109/l`."""
    key = unit.strip().lower().replace("µ", "u").replace("μ", "u").replace("\u00d7", "x").replace("³", "3")
    key = key.replace("²", "2").replace("⁹", "9").replace("⁶", "6").replace("°", "").replace("º", "")
    key = key.replace("cubic millimeter", "mm3").replace("cubic mm", "mm3").replace("micromol", "umol")
    key = key.replace("micromoles", "umol").replace("microl", "ul").replace("grams", "g").replace("gram", "g")
    key = re.sub(r"\s*\bper\b\s*", "/", key)
    key = re.sub(r"\bunits?\b", "u", key)
    return re.sub(r"[\s^.,;()\[\]]+", "", key) if "1.73" not in key else "ml/min/1.73m2"


@lru_cache(maxsize=4096)
def unit_of(unit: str, counted: bool = False) -> Unit | None:
    """What a written unit is; None when it is not known.

    Args:
        unit: as written.
        counted: True for a blood count, where `G/L` means 10^9/L, not grams.
    """
    key = unit_key(unit)
    if counted and (match := _COUNT.fullmatch(key)):
        return _count(match)
    if key in _PLAIN:
        return _PLAIN[key]
    if match := _CONCENTRATION.fullmatch(key):
        return _concentration(match)
    match = _COUNT.fullmatch(key)
    return _count(match) if match else None


def _count(match: re.Match[str]) -> Unit | None:
    volume = _VOLUME.get(match["volume"])
    if volume is None:
        return None
    many = 10.0 ** int(match["power"]) if match["power"] else _COUNT_WORDS.get(match["word"] or "", 1.0)
    return Unit("count", many / volume)


def _concentration(match: re.Match[str]) -> Unit | None:
    volume = _VOLUME.get(match["volume"])
    if volume is None:
        return None
    dimension = {"g": "g/l", "mol": "mol/l", "eq": "eq/l"}.get(match["base"], "u/l")
    return Unit(dimension, _PREFIX[match["prefix"]] / volume)
