"""What is compared between a logical form of the corpus and a composition: operators, comparisons, windows.

Of the corpus: `union` and `or` are OR, `intersect` and `and` are AND (when they hold two or more), `neg` is NOT;
`neg(a, b)`, `contraindication(a, b)`, `allergy`, `risk` and `indication` of several hold an OR too; `a.except(b)` is
AND and NOT; nested equal operators are one. `equiv`, `mod`, `seq` and `if_then` are no Boolean operators. A number
under `num_filter` or `min_count` is a comparison; one with a unit of time under `temporality`, `duration` or a sequence
is a window. Comparisons and windows are taken once a criterion: a window of a union is written out by our grammar.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from winnow.trials.composition import All, Any, AtLeast, Composed, Form, Negated
from winnow.trials.composition.numbers import number
from winnow.trials.composition.question import Comparison
from winnow.trials.composition.units import unit_key
from winnow.trials.evaluation.leaf_forms import Call

_OR, _AND = ("union", "or"), ("intersect", "and")
_SEVERAL_IS_OR = ("contraindication", "allergy", "risk", "indication")
_OPERATORS = {"GTEQ": ">=", "GT": ">", "LTEQ": "<=", "LT": "<", "EQ": "=", "BETWEEN": "between"}
_UNIT_DAYS = {
    "SECOND": 1 / 86400,
    "MINUTE": 1 / 1440,
    "HOUR": 1 / 24,
    "DAY": 1.0,
    "WEEK": 7.0,
    "MONTH": 30.4375,
    "YEAR": 365.25,
}
_COMPARING = ("num_filter", "min_count", "max_count")
_NO_UNITS = ("class", "grade", "score", "type", "axis", "letters", "stage", "level", "points", "point")
_STATES = {"PAST": "ever", "PRESENT": "current"}

Bound = tuple[str, float, float]


@dataclass
class Structure:
    """What a form holds.

    `operators` counts "AND", "OR" and "NOT"; `comparisons` are (operator, low, high or -1); `units` the same with the
    unit's key; `windows` are lengths in days, rounded; `states` are "ever" and "current".
    """

    operators: Counter[str] = field(default_factory=Counter)
    comparisons: set[Bound] = field(default_factory=set)
    units: set[tuple[str, float, float, str]] = field(default_factory=set)
    windows: set[int] = field(default_factory=set)
    states: set[str] = field(default_factory=set)

    def with_units_of(self, gold: Structure) -> set[tuple[str, float, float, str]]:
        """The comparisons with units as scored: where the gold has the bound without a unit, any unit is right."""
        bare = {bound[:3] for bound in gold.units if not bound[3]}
        return {(*bound[:3], "") if bound[:3] in bare else bound for bound in self.units}

    @property
    def is_plain(self) -> bool:
        """Whether there is no operator, comparison or window at all."""
        return not (self.operators or self.comparisons or self.windows)


def leaf_structure(call: Call) -> Structure:
    """What a form of the corpus holds."""
    found = Structure()
    _walk(call, found, above="", place="")
    return found


def _walk(call: Call, found: Structure, above: str, place: str) -> None:
    """Count a call and everything in it; `place` is the innermost chained call that gives a number its meaning."""
    operator = _operator(call)
    if call.name in _OR + _AND and operator and operator != above:
        found.operators[operator] += 1
    elif call.name in ("neg", "except"):
        found.operators.update(["NOT"] if call.name == "neg" else ["AND", "NOT"])
        if len(call.arguments) > 1:
            found.operators["OR"] += 1
    elif call.name in _SEVERAL_IS_OR and len(call.calls) > 1:
        found.operators["OR"] += 1
    if call.name == "eq":
        _number(call, found, place)
        return
    inner = (
        call.name
        if call.name in (*_COMPARING, "temporality", "duration", "seq", "before", "after", "during")
        else place
    )
    for argument in call.calls:
        _walk(argument, found, operator or (above if call.name == "temporality" else ""), inner)
    for after in call.chained:
        _walk(after, found, "", place)


def _operator(call: Call) -> str:
    if len(call.arguments) < 2:
        return ""
    return "OR" if call.name in _OR else "AND" if call.name in _AND else ""


def _number(call: Call, found: Structure, place: str) -> None:
    values = [_value(one) for one in _named(call, "val")]
    values = [value for value in values if value is not None]
    for state in _named(call, "temporal_per"):
        if state in _STATES:
            found.states.add(_STATES[state])
    time = next(iter(_named(call, "temporal_unit")), None)
    operator = _OPERATORS.get(next(iter(_named(call, "op")), "EQ"), "=")
    if not values:
        return
    if place in _COMPARING:
        if len(values) > 1:
            operator = "between"
        bound = (operator, float(min(values)), float(max(values)) if len(values) > 1 else -1.0)
        found.comparisons.add(bound)
        found.units.add((*bound, _unit(call, time)))
    elif time in _UNIT_DAYS:
        found.windows.add(round(max(values) * _UNIT_DAYS[time]))


def _unit(call: Call, time: str | None) -> str:
    if time:
        return time.lower()
    written = [unit for unit in _named(call, "unit") if unit.lower() not in _NO_UNITS]
    return unit_key("/".join([*written, *_named(call, "per")])).replace("minute", "min").lstrip("/")


def _named(call: Call, name: str) -> list[str]:
    return [argument for one in call.calls if one.name == name for argument in _strings(one)]


def _strings(call: Call) -> Iterator[str]:
    for argument in call.arguments:
        if isinstance(argument, str):
            yield argument
        else:
            yield from _strings(argument)


def _value(text: str) -> float | None:
    try:
        return number(text.replace(" ", ""))
    except ValueError:
        return None


def composed_structure(composed: Composed) -> Structure:
    """What a composition holds, in the same terms."""
    found = Structure()
    _count(composed.form, found)
    for question in composed.questions:
        if question.comparison:
            bound = _bound(question.comparison)
            found.comparisons.add(bound)
            found.units.add((*bound, _tidy_unit(question.comparison)))
        if question.window and question.window.days is not None:
            found.windows.add(round(question.window.days))
        elif question.window and question.window.relation in _STATES.values():
            found.states.add(question.window.relation)
    return found


def _count(form: Form, found: Structure) -> None:
    match form:
        case Negated(part):
            found.operators["NOT"] += 1
            _count(part, found)
        case All(parts) | Any(parts) | AtLeast(_, parts):
            if len(parts) > 1:
                found.operators["AND" if isinstance(form, All) else "OR"] += 1
            for part in parts:
                _count(part, found)


def _bound(comparison: Comparison) -> Bound:
    return (comparison.operator, comparison.low, -1.0 if comparison.high is None else comparison.high)


def _tidy_unit(comparison: Comparison) -> str:
    unit = unit_key(comparison.unit or comparison.reference or "").lstrip("/")
    times = {
        "yr": "year",
        "yrs": "year",
        "years": "year",
        "yo": "year",
        "months": "month",
        "weeks": "week",
        "days": "day",
        "hours": "hour",
    }
    return times.get(unit, unit)
