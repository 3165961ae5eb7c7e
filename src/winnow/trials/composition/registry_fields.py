"""The registry's own fields, age and sex, as typed questions."""

from __future__ import annotations

import re

from winnow.trials.composition.composed import Composed
from winnow.trials.composition.form import All, Ask, Form
from winnow.trials.composition.leaves import compared
from winnow.trials.composition.question import Comparison, Question
from winnow.trials.criteria import Criterion

_EITHER = re.compile(r"\b(?:all|any|both|either)\b", re.IGNORECASE)


def is_registry_field(criterion: Criterion) -> bool:
    """Whether a criterion is the registry's age or sex field."""
    return criterion.start == -1 and criterion.criterion_id.endswith(("/age", "/sex"))


def composed_field(criterion: Criterion, tier: int) -> Composed:
    """The field as questions; a field that sets no bound is always met and asks nothing."""
    questions = _ages(criterion) if criterion.criterion_id.endswith("/age") else _sexes(criterion)
    form: Form = Ask(0) if len(questions) == 1 else All(tuple(Ask(place) for place in range(len(questions))))
    remarks = () if questions else (f"sets no bound: {criterion.text}",)
    return Composed(criterion, questions, form, tier, "registry", "", remarks)


def _ages(criterion: Criterion) -> tuple[Question, ...]:
    comparisons = [one.comparison for one in compared(criterion.text) if one.comparison.quantity == "age"]
    return tuple(Question(_age_text(c), _age_statement(c), c) for c in comparisons)


def _age_statement(comparison: Comparison) -> str:
    unit = comparison.unit or "years"
    if comparison.operator == "between":
        return f"{comparison.low:g} to {comparison.high:g} {unit} of age"
    words = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}.get(comparison.operator, "")
    return f"{words} {comparison.low:g} {unit} of age".strip()


def _age_text(comparison: Comparison) -> str:
    return f"Is the patient {_age_statement(comparison)}?"


def _sexes(criterion: Criterion) -> tuple[Question, ...]:
    words = criterion.text.lower()
    female, male = bool(re.search(r"\b(?:female|women)", words)), bool(re.search(r"\b(?:male|men)\b", words))
    if female == male or _EITHER.search(words):
        return ()
    sex = "female" if female else "male"
    return (Question(f"Is the patient {sex}?", sex),)
