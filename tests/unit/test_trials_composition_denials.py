"""How far a denial reaches: to the end of its own clause, never over another verb."""

from __future__ import annotations

import pytest

from winnow.trials.composition import All, Any, Ask, Form, Negated, compose
from winnow.trials.criteria import Criterion


@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Is not a candidate for surgery, or declines it", Any((Negated(Ask(0)), Ask(1)))),
        ("Is not fit for infusion and prefers tablets", All((Negated(Ask(0)), Ask(1)))),
        ("Does not have diabetes, or takes insulin", Any((Negated(Ask(0)), Ask(1)))),
        ("Not able to swallow tablets or capsules", Negated(Any((Ask(0), Ask(1))))),
        ("No diabetes or hypertension", Negated(Any((Ask(0), Ask(1))))),
    ],
)
def test_a_denial_ends_where_another_verb_begins(text: str, form: Form, kind: str) -> None:
    assert compose(Criterion("T/01", "T", kind, text)).form == form
