"""Composition by a language model: what it says is checked, and the grammar stands in when it does not hold."""

from __future__ import annotations

from typing import Any

import pytest

from winnow.trials.composition import Comparison, compose, compose_with, describe
from winnow.trials.criteria import Criterion

CRITERION = Criterion("T/i1", "T", "inclusion", "Asthma, or platelets >= 100,000/mm3 without gout", 0, 1)
QUESTIONS = [
    {"question": "Does the patient have asthma?", "statement": "asthma"},
    {"question": "Are the platelets at least 100,000/mm3?", "statement": "platelets >= 100,000/mm3"},
    {"question": "Does the patient have gout?", "statement": "gout"},
]
ASKS = [{"op": "ask", "question": place} for place in range(3)]
FORM = {"op": "or", "parts": [ASKS[0], {"op": "and", "parts": [ASKS[1], {"op": "not", "parts": [ASKS[2]]}]}]}
REPLY = {"reasoning": "", "only_if": "adults", "questions": QUESTIONS, "form": FORM}


def answered(reply: Any, criterion: Criterion = CRITERION):
    def chat(_system: str, _user: str, _schema: dict[str, Any]) -> Any:
        return reply

    return compose_with(chat, criterion, by="stub")


def test_a_valid_reply_is_the_composition_and_its_number_is_read_in_code() -> None:
    composed = answered(REPLY)
    assert (composed.by, composed.only_if, composed.remarks) == ("stub", "adults", ())
    assert describe(composed.form) == "1 or (2 and not 3)"
    assert composed.questions[1].comparison == Comparison("platelets", ">=", 100000.0, unit="/mm3")


@pytest.mark.parametrize(
    "reply",
    [
        {},
        [],
        {**REPLY, "questions": []},
        {**REPLY, "questions": [{"question": "", "statement": "x"}]},
        {**REPLY, "questions": "many"},
        {**REPLY, "form": {"op": "ask", "question": 7}},
        {**REPLY, "form": {"op": "ask", "question": -1}},
        {**REPLY, "form": {"op": "ask", "question": True}},
        {**REPLY, "form": ASKS[0]},
        {**REPLY, "form": {"op": "xor", "parts": ASKS}},
        {**REPLY, "form": {"op": "and", "parts": []}},
        {**REPLY, "form": {"op": "at_least", "count": 9, "parts": ASKS}},
        {**REPLY, "form": {"op": "not", "parts": ASKS}},
        {**REPLY, "only_if": None},
    ],
)
def test_a_reply_that_does_not_hold_is_the_grammars_with_a_remark(reply: Any) -> None:
    composed, read = answered(reply), compose(CRITERION)
    assert (composed.questions, composed.form, composed.by) == (read.questions, read.form, "grammar")
    assert "not valid" in composed.remarks[-1]


def test_a_form_without_end_is_refused() -> None:
    form: dict[str, Any] = ASKS[0]
    for _ in range(40):
        form = {"op": "not", "parts": [form]}
    assert answered({**REPLY, "questions": QUESTIONS[:1], "form": form}).by == "grammar"


def test_the_criterion_is_sent_as_data_and_the_registrys_fields_are_not() -> None:
    sent: list[str] = []

    def chat(system: str, user: str, schema: dict[str, Any]) -> dict[str, Any]:
        sent.extend((system, user))
        return REPLY

    compose_with(chat, CRITERION)
    assert "platelets" not in sent[0]
    assert "platelets" in sent[1]
    compose_with(chat, Criterion("T/age", "T", "inclusion", "Age 18 years or older"))
    assert len(sent) == 2
