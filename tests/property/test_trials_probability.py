"""The probability of a form against the sum over its truth table."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.trials.composition import All, Any, Ask, AtLeast, Form, Negated, truth
from winnow.trials.scoring.probability import at_least, occurrences, probability

QUESTIONS = 5
forms = st.recursive(
    st.integers(0, QUESTIONS - 1).map(Ask),
    lambda inner: st.one_of(
        inner.map(Negated),
        st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Any(tuple(parts))),
        st.tuples(st.integers(0, 3), st.lists(inner, max_size=3)).map(lambda p: AtLeast(p[0], tuple(p[1]))),
    ),
    max_leaves=8,
)
chances = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=QUESTIONS, max_size=QUESTIONS)


@given(forms, chances)
def test_it_is_the_sum_over_the_truth_table(form: Form, chance: list[float]) -> None:
    expected = 0.0
    for values in product([False, True], repeat=QUESTIONS):
        weight = 1.0
        for value, p in zip(values, chance, strict=True):
            weight *= p if value else 1 - p
        expected += weight * truth(form, values)
    assert probability(form, lambda question, _sign: chance[question]) == pytest.approx(expected, abs=1e-9)


@given(forms, chances)
def test_signs_tell_where_a_form_rises(form: Form, chance: list[float]) -> None:
    for question, sign in set(occurrences(form)):
        if (question, not sign) in set(occurrences(form)):
            continue
        low = probability(form, lambda asked, _sign, q=question: 0.0 if asked == q else chance[asked])
        high = probability(form, lambda asked, _sign, q=question: 1.0 if asked == q else chance[asked])
        assert (high >= low - 1e-12) if sign else (high <= low + 1e-12)


@given(st.lists(st.floats(0, 1), max_size=6), st.integers(0, 7))
def test_at_least_is_the_poisson_binomial_tail(parts: list[float], count: int) -> None:
    tail = 0.0
    for values in product([False, True], repeat=len(parts)):
        weight = 1.0
        for value, p in zip(values, parts, strict=True):
            weight *= p if value else 1 - p
        tail += weight if sum(values) >= count else 0.0
    assert at_least(count, parts) == pytest.approx(tail, abs=1e-9)
