"""Coordinations: "no A, B or C", "ALT and AST <= 2.5 x ULN or <= 5 x ULN if D", "(A and B) or C"."""

from __future__ import annotations

import re
from collections.abc import Callable

from winnow.trials.composition.bounds import named_bounds
from winnow.trials.composition.clauses import condition_of
from winnow.trials.composition.connectors import apart_by_sex, apart_for_exclusion, apart_for_inclusion
from winnow.trials.composition.draft import joined
from winnow.trials.composition.form import Form, Negated
from winnow.trials.composition.fragments import spread
from winnow.trials.composition.heads import are_adjectives, are_diseases, has_shared_head
from winnow.trials.composition.holding import held_together
from winnow.trials.composition.leaves import compared
from winnow.trials.composition.masks import Masked
from winnow.trials.composition.phrases import negation_of
from winnow.trials.composition.prefixes import has_shared_prefix
from winnow.trials.composition.rows import (
    Group,
    Row,
    glued,
    grouped,
    read_row,
)
from winnow.trials.composition.sharing import shared

_CHOICE = re.compile(
    r"^(?:either|both|at\s+least\s+one\s+of|one\s+of|any\s+of|one\s+or\s+more\s+of|all\s+of)\s*(?:the\s+following)?[\s:]+",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"^(?:has|have|is|are|was|were|must|will|adequate|ability|able|willing|age|ecog|patients?|subjects?|participants?|"
    r"should)\b",
    re.IGNORECASE,
)
_CONDITIONED = re.compile(r"\b(?:if|provided\s+that|as\s+long\s+as)\b", re.IGNORECASE)
_BOUND_FOR = re.compile(
    r"\b(?:in\s+the\s+(?:presence|case)\s+of|(?:in|for)\s+(?:patients|subjects|participants|those))\b", re.IGNORECASE
)

Read = Callable[[str], Form]


def without_choice(text: str) -> str:
    """The text without "either", "both" or "one of the following" before it."""
    return _CHOICE.sub("", text)


def row_of(masked: Masked) -> Row:
    """The items of a text, with what follows an "if" left to it: "<= 5 x ULN if B or C" is a bound under "B or C"."""
    row = read_row(masked.text)
    for place, item in enumerate(row.items):
        rest = [masked.open(other) for other in row.items[place + 1 :]]
        bounded = _BOUND_FOR.search(item) and compared(masked.open(item)) and not any(map(compared, rest))
        if rest and (bounded or _CONDITIONED.search(item)) and condition_of(glued(row, place).items[-1])[0]:
            return glued(row, place)
    return row


def read_coordination(row: Row, masked: Masked, kind: str, read: Read) -> Form | None:
    """The form of a row of two items or more; None when the row is one fact: its pieces cannot be asked alone.

    Args:
        row: of `row_of`.
        masked: the text it came from.
        kind: the criterion's; among exclusions "A and B disease" and "patients with A and patients with B" are two.
        read: reads one item.
    """
    row = apart_by_sex(row)
    row = spread(apart_for_exclusion(row) if kind == "exclusion" else apart_for_inclusion(row), masked)
    items = [masked.open(item) for item in row.items]
    if len(items) == 1:
        return None
    items[0] = without_choice(items[0])
    words = [link.word for link in row.links]
    if (denied := negation_of(items[0])) and _reaches(items, words):
        rest = masked.open("".join(_written(row)))
        return Negated(_denied(negation_of(items[0] + rest) or denied + rest, read))
    if by_name := named_bounds(items, words):
        return joined("and", [joined("or", [read(bound) for bound in bounds]) for bounds in by_name])
    if not any(words) and are_adjectives(items):
        return None
    apart = "or" if kind == "exclusion" or are_diseases(items) else "and"
    one_fact = has_shared_head(items) or has_shared_prefix(items)
    said, row = held_together(shared(items, words), Row(tuple(items), row.links))
    if len(said) == 1:
        return None
    group = grouped(row, apart)
    if one_fact and kind == "exclusion" and all(isinstance(part, int) for part in group.parts):
        group = Group("or", group.parts)
    return _tree(group, said, read)


def _reaches(items: list[str], words: list[str]) -> bool:
    """Whether a negation before the first item is one of all: the row ends with "or", "and" or "nor", and no item
    starts a statement of its own or is denied by itself."""
    neither = re.match(r"^(?:\w+\s+)?neither\s+", items[0], re.IGNORECASE)
    own = any(_FINITE.match(item) for item in items[1:]) and not neither
    return words[-1] != "" and not own and not all(map(negation_of, items[1:]))


def _written(row: Row) -> list[str]:
    return [link.written + item for link, item in zip(row.links, row.items[1:], strict=True)]


def _denied(text: str, read: Read) -> Form:
    """The row under a negation: "no A, B and C" denies each of them."""
    masked = Masked(text)
    row = spread(read_row(masked.text), masked)
    raw = [masked.open(item) for item in row.items]
    items = shared(raw, [link.word for link in row.links])
    said, _ = held_together(items, Row(tuple(raw), row.links))
    if len(said) == 1:
        return read(text)
    return joined("or", [read(negation_of(item) or item) for item in said])


def _tree(group: Group, items: list[str], read: Read) -> Form:
    parts = [_tree(part, items, read) if isinstance(part, Group) else read(items[part]) for part in group.parts]
    return joined(group.word, parts)
