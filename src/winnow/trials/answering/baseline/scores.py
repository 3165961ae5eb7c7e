"""Numbers that have no canonical name: a sentence that says the criterion's own words and then a number in its unit."""

from __future__ import annotations

import re
from functools import lru_cache

from winnow.trials.composition import Comparison, Quantity
from winnow.trials.composition.quantity_table import QUANTITIES

_LINK = (
    r"(?:\s|,|:|=|\([^()]*\)|\b(?:is|was|of|at|expression|score|measured|reported|estimated|as|about|approximately)\b)*"
)
_OPERATOR = {"<": "<", "<=": "<=", "\u2264": "<=", ">": ">", ">=": ">=", "\u2265": ">="}
_EDGE = frozenset(("of", "a", "an", "the", "with", "in", "at", "is", "by", "on", "for", "to"))


def is_named(comparison: Comparison) -> bool:
    """Whether the quantity is one that `read_quantities` knows, or the age."""
    return comparison.quantity == "age" or comparison.quantity in QUANTITIES


def read_score(text: str, comparison: Comparison) -> list[Quantity]:
    """The numbers that a sentence gives for a quantity in the criterion's own words; they must all be there, in order.

    Without a unit the number must not carry one: "Ki-67 20%" says nothing of a bare count.
    """
    pattern = _pattern(comparison.quantity, comparison.unit)
    return [
        Quantity(
            comparison.quantity, _OPERATOR.get(found["operator"] or ""), float(found["value"]), None, comparison.unit,
            None, found.start(), found.end(),
        )
        for found in (pattern.finditer(text) if pattern else ())
    ]  # fmt: skip


@lru_cache(maxsize=1024)
def _pattern(quantity: str, unit: str | None) -> re.Pattern[str] | None:
    words = re.sub(r"\([^()]*\)", " ", quantity).split()
    while words and words[-1] in _EDGE:
        words.pop()
    names = [r"[\s-]+(?:\([^()]*\)\s*)?".join(re.sub(r"-", "[ -]?", re.escape(w).replace(r"\-", "-")) for w in words)]
    names += [re.escape(short) for short in re.findall(r"\((\w{2,6})\)", quantity)]
    if not words or all(word in _EDGE for word in words):
        return None
    ending = rf"\s?{re.escape(unit)}(?!\w)" if unit else r"(?![\w%]|\.\d|\s?(?:%|mg|g/|ng|pg|u/|iu))"
    return re.compile(
        rf"(?<![\w-])(?:{'|'.join(names)}){_LINK}(?P<operator>[<>\u2264\u2265]=?)?\s*(?P<value>\d+(?:\.\d+)?){ending}",
        re.IGNORECASE,
    )
