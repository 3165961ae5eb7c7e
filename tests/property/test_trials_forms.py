"""Boolean forms: the disjunctive normal form is worth what the form is worth, for every answer."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.core import WinnowError
from winnow.trials.composition import All, Any, Ask, AtLeast, Form, Negated, compose, to_dnf, truth
from winnow.trials.composition.account import content
from winnow.trials.criteria import Criterion

QUESTIONS = 8
FACTS = ("asthma", "gout", "prior chemotherapy", "hepatitis", "liver failure", "ECOG 0-1", "age >= 18 years", "stroke")
LINKS = (" and ", " or ", ", ", "; ", ", and ", " and/or ", " unless ", " except ", " without ", " other than ", ". ")
OPENINGS = (
    "",
    "No ",
    "Patients must have ",
    "History of ",
    "Neither ",
    "If pregnant, ",
    "For women: ",
    "At least 2 of: ",
)
ENDINGS = (
    "",
    " within 4 weeks",
    " (e.g. mild, or severe)",
    " is allowed",
    " are excluded",
    " if tolerated",
    ".",
    " [or not]",
)


def forms() -> st.SearchStrategy[Form]:
    asks = st.builds(Ask, st.integers(0, QUESTIONS - 1))

    def larger(part: st.SearchStrategy[Form]) -> st.SearchStrategy[Form]:
        parts = st.lists(part, max_size=3).map(tuple)
        counted = st.builds(AtLeast, st.integers(-1, 4), parts)
        return st.builds(Negated, part) | st.builds(All, parts) | st.builds(Any, parts) | counted

    return st.recursive(asks, larger, max_leaves=8)


def worth(terms: tuple[frozenset[tuple[int, bool]], ...], values: tuple[bool, ...]) -> bool:
    """A normal form's value, written out without the code under test."""
    return any(all(values[question] == holds for question, holds in term) for term in terms)


@settings(max_examples=150)
@given(forms())
def test_the_normal_form_is_worth_the_form(form: Form) -> None:
    terms = to_dnf(form)
    for values in product((False, True), repeat=QUESTIONS):
        assert worth(terms, values) == truth(form, values)


@given(forms())
def test_no_term_contradicts_itself_or_holds_another(form: Form) -> None:
    terms = to_dnf(form)
    for term in terms:
        assert not any((question, not holds) in term for question, holds in term)
        assert not any(other < term for other in terms)
    assert len(set(terms)) == len(terms)


@given(forms())
def test_a_form_and_its_contrary_never_agree(form: Form) -> None:
    for values in product((False, True), repeat=QUESTIONS):
        assert truth(form, values) != truth(Negated(form), values)


def test_the_bars_nested_criterion() -> None:
    """ "(A and B) or (C unless D)", from its words to its truth table."""
    text = "(asthma and gout) or (hepatitis unless stroke)"
    composed = compose(Criterion("T/i1", "T", "inclusion", text, 0, len(text)))
    assert [question.statement for question in composed.questions] == ["asthma", "gout", "hepatitis", "stroke"]
    terms = to_dnf(composed.form)
    assert set(terms) == {frozenset({(0, True), (1, True)}), frozenset({(2, True), (3, False)})}
    for a, b, c, d in product((False, True), repeat=4):
        assert worth(terms, (a, b, c, d)) == truth(composed.form, (a, b, c, d)) == ((a and b) or (c and not d))


def test_what_would_blow_up_is_refused() -> None:
    pairs = tuple(Any((Ask(2 * place), Ask(2 * place + 1))) for place in range(11))
    with pytest.raises(WinnowError) as caught:
        to_dnf(All(pairs))
    assert caught.value.code == "WN-C01"
    assert len(to_dnf(All(pairs[:10]))) == 2**10


@settings(max_examples=150)
@given(
    st.sampled_from(OPENINGS),
    st.lists(st.tuples(st.sampled_from(FACTS), st.sampled_from(LINKS)), min_size=1, max_size=5),
    st.sampled_from(ENDINGS),
    st.sampled_from(("inclusion", "exclusion")),
)
def test_no_word_of_an_invented_criterion_is_lost(
    opening: str, row: list[tuple[str, str]], ending: str, kind: str
) -> None:
    text = opening + "".join(fact + link for fact, link in row)[: -len(row[-1][1])] + ending
    composed = compose(Criterion("T/i1", "T", kind, text, 0, len(text)))
    said = [question.text for question in composed.questions] + [composed.only_if, *composed.remarks]
    known = set(content(" ".join(said)))
    # The count of "at least 2 of" is in the form.
    assert [word for word in content(text) if word not in known | {"least", "2"}] == []


@settings(max_examples=300)
@given(
    st.text(alphabet="ab ,;.()[]-/<>=≥0123456789\n\u2013andorifunless ", max_size=60),
    st.sampled_from(("inclusion", "exclusion")),
)
def test_any_text_is_composed(text: str, kind: str) -> None:
    composed = compose(Criterion("T/i1", "T", kind, text, 0, len(text)))
    assert truth(composed.form, [True] * len(composed.questions)) in (True, False)
    assert len(set(composed.questions)) == len(composed.questions)
