"""Disjunctive normal form (PRISM's shape of a criterion): a form as an "or" of "and"s of answers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product
from math import comb
from typing import NamedTuple

from winnow.core import WinnowError
from winnow.trials.composition.form import All, Any, Ask, AtLeast, Form, Negated

TERMS_AT_MOST = 1024


class Literal(NamedTuple):
    """One answer as a term wants it: question `question` is answered yes (`holds`) or no."""

    question: int
    holds: bool


Term = frozenset[Literal]


def to_dnf(form: Form) -> tuple[Term, ...]:
    """The form as terms: it is true when every literal of at least one term is.

    No term contradicts itself, none holds another (absorption), and "at least n" is expanded. The empty tuple is
    always false; one empty term is always true. Terms come in a fixed order: short ones first, then by their literals.

    Raises:
        WinnowError: WN-C01 when more than `TERMS_AT_MOST` terms would have to be held on the way.
    """
    terms = _terms(form, holds=True)
    return tuple(sorted(terms, key=lambda term: (len(term), sorted(term))))


def _terms(form: Form, holds: bool) -> set[Term]:
    """The terms of the form, or of its contrary; negation is pushed down to the questions (De Morgan)."""
    match form:
        case Ask(question):
            return {frozenset({Literal(question, holds)})}
        case Negated(part):
            return _terms(part, not holds)
        case AtLeast(count, parts):
            return _counted(count, parts) if holds else _counted(len(parts) - count + 1, [Negated(p) for p in parts])
        case All(parts):
            return _every(parts, holds) if holds else _some(parts, holds)
        case Any(parts):
            return _some(parts, holds) if holds else _every(parts, holds)


def _some(parts: Iterable[Form], holds: bool) -> set[Term]:
    found: set[Term] = set()
    for part in parts:
        found = _absorbed(found | _terms(part, holds))
    return found


def _every(parts: Iterable[Form], holds: bool) -> set[Term]:
    found: set[Term] = {frozenset()}
    for part in parts:
        others = _terms(part, holds)
        _bounded(len(found) * len(others))
        found = _absorbed({one | other for one, other in product(found, others) if _consistent(one | other)})
    return found


def _counted(count: int, parts: Iterable[Form]) -> set[Term]:
    """At least `count` of the parts: an "or" over every choice of `count` of them."""
    parts = list(parts)
    if count <= 0:
        return {frozenset()}
    if count > len(parts):
        return set()
    _bounded(comb(len(parts), count))
    return _some([All(tuple(chosen)) for chosen in combinations(parts, count)], holds=True)


def _consistent(term: Term) -> bool:
    return all(Literal(question, not holds) not in term for question, holds in term)


def _absorbed(terms: set[Term]) -> set[Term]:
    """Without the terms that hold another one: A or (A and B) is A."""
    _bounded(len(terms))
    kept: list[Term] = []
    for term in sorted(terms, key=len):
        if not any(shorter <= term for shorter in kept):
            kept.append(term)
    return set(kept)


def _bounded(terms: int) -> None:
    if terms > TERMS_AT_MOST:
        raise WinnowError(
            "WN-C01",
            f"a criterion that needs more than {TERMS_AT_MOST} terms in disjunctive normal form",
            where="the criterion's Boolean form",
            fix="Evaluate the form itself, or split the criterion.",
        )
