"""Criteria with others below them, and the registry's own fields."""

from __future__ import annotations

import pytest

from winnow.trials.composition import Comparison, Composed, Window, compose, describe
from winnow.trials.criteria import Criterion


def nested(
    text: str, *children: str, kind: str = "inclusion", connective: str = "unstated", lead_in: bool = False
) -> Composed:
    below = tuple(Criterion(f"T/i1.{i}", "T", kind, child, 0, 1) for i, child in enumerate(children))
    return compose(Criterion("T/i1", "T", kind, text, 0, 1, children=below, connective=connective, lead_in=lead_in))


@pytest.mark.parametrize(
    ("kind", "text", "connective", "form"),
    [
        ("inclusion", "All of the following:", "all", "1 and 2"),
        ("inclusion", "One of the following:", "any", "1 or 2"),
        ("inclusion", "Adequate organ function, as follows:", "unstated", "1 and 2"),
        ("inclusion", "Diagnosis of the following:", "unstated", "1 or 2"),
        ("exclusion", "The following:", "unstated", "1 or 2"),
        ("inclusion", "At least two of the following:", "at least 2", "at least 2 of (1, 2)"),
        ("inclusion", "No prior treatment with the following:", "unstated", "not (1 or 2)"),
        ("inclusion", "Stable disease", "unstated", "1 and 2 and 3"),
        ("inclusion", "Stable disease", "any", "1 and (2 or 3)"),
        ("exclusion", "Heart disease", "unstated", "1 or 2 or 3"),
        ("exclusion", "Cancer, except for:", "unstated", "1 and not (2 or 3)"),
        ("exclusion", "Cancer. The following are exceptions:", "unstated", "1 and not (2 or 3)"),
    ],
)
def test_how_children_combine(kind: str, text: str, connective: str, form: str) -> None:
    composed = nested(text, "asthma", "gout", kind=kind, connective=connective)
    assert describe(composed.form) == form


def test_children_that_deny_are_not_denied_again() -> None:
    composed = nested("No other illness, including:", "No asthma", "No gout")
    assert describe(composed.form) == "not 1 and not 2"


def test_a_lead_in_gives_its_window_and_its_words() -> None:
    composed = nested("History of any of these cardiac events within 6 months:", "stroke", "embolism", kind="exclusion")
    assert [question.statement for question in composed.questions] == ["stroke", "embolism"]
    assert all(question.window == Window(6 * 30.4375, "within") for question in composed.questions)
    assert all("cardiac events" in question.text for question in composed.questions)


def test_a_bare_lead_in_adds_nothing() -> None:
    composed = nested("One of the following:", "asthma", "gout", connective="any")
    assert composed.questions[0].text == "Does the patient have asthma?"


def test_a_child_may_be_the_exception() -> None:
    composed = nested("Cancer", "Leukaemia", "Except skin cancer", kind="exclusion")
    assert describe(composed.form) == "(1 or 2) and not 3"


def field(name: str, text: str) -> Composed:
    return compose(Criterion(f"T/{name}", "T", "inclusion", text))


def test_the_registrys_age_is_typed() -> None:
    composed = field("age", "Age 18 years or older")
    assert composed.by == "registry"
    (question,) = composed.questions
    assert question.comparison == Comparison("age", ">=", 18.0, unit="years")
    assert question.text == "Is the patient at least 18 years of age?"


def test_the_registrys_sex_is_one_question_or_none() -> None:
    assert [question.text for question in field("sex", "Female").questions] == ["Is the patient female?"]
    both = field("sex", "All sexes")
    assert both.questions == ()
    assert describe(both.form) == "always"


def test_the_registrys_conditions_are_alternatives_of_tier_one() -> None:
    composed = field("condition", "Condition: Breast Cancer; Ovarian Cancer")
    assert composed.by == "registry"
    assert composed.tier == 1
    assert describe(composed.form) == "1 or 2"
    assert [(question.text, question.statement) for question in composed.questions] == [
        ("Does the patient have breast cancer?", "breast cancer"),
        ("Does the patient have ovarian cancer?", "ovarian cancer"),
    ]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Conditions: Hodgkin Lymphoma", "Hodgkin lymphoma"),
        ("Condition: HER2-Positive Breast Cancer", "HER2-positive breast cancer"),
        ("Condition: Stage IV Melanoma; Stage IV Melanoma", "stage IV melanoma"),
    ],
)
def test_a_single_condition_is_one_question(written: str, name: str) -> None:
    composed = field("condition", written)
    assert [question.statement for question in composed.questions] == [name]
    assert describe(composed.form) == "1"


def test_no_condition_sets_no_bound() -> None:
    composed = field("condition", "Condition: ")
    assert describe(composed.form) == "always"
    assert composed.remarks
