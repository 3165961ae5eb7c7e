"""The registry's own fields as questions: age and sex, typed, and the conditions the trial is for."""

from __future__ import annotations

import re

from winnow.trials.composition.composed import Composed
from winnow.trials.composition.english import lowered_name
from winnow.trials.composition.form import All, Any, Ask, Form
from winnow.trials.composition.leaves import compared
from winnow.trials.composition.question import Comparison, Question
from winnow.trials.criteria import Criterion

_EITHER = re.compile(r"\b(?:all|any|both|either)\b", re.IGNORECASE)


def is_registry_field(criterion: Criterion) -> bool:
    """Whether a criterion is the registry's age, sex or condition field."""
    return criterion.start == -1 and criterion.criterion_id.endswith(("/age", "/sex", "/condition"))


def composed_field(criterion: Criterion) -> Composed:
    """The field as questions; a field that sets no bound is always met and asks nothing.

    The conditions are tier 1, and a patient with any of them has it; age and sex are tier 4.
    """
    if criterion.criterion_id.endswith("/condition"):
        return _conditions(criterion)
    questions = _ages(criterion) if criterion.criterion_id.endswith("/age") else _sexes(criterion)
    form: Form = Ask(0) if len(questions) == 1 else All(tuple(Ask(place) for place in range(len(questions))))
    remarks = () if questions else (f"sets no bound: {criterion.text}",)
    return Composed(criterion, questions, form, 4, "registry", "", remarks)


def _conditions(criterion: Criterion) -> Composed:
    """ "Condition: Breast Cancer; Gout" asks for each."""
    written = re.sub(r"^\s*conditions?\s*:", "", criterion.text, flags=re.IGNORECASE).split(";")
    names = dict.fromkeys(name for one in written if re.search(r"\w", name := lowered_name(one.strip(" ."))))
    questions = tuple(Question(f"Does the patient have {name}?", name) for name in names)
    asked = tuple(Ask(place) for place in range(len(questions)))
    form: Form = All(()) if not asked else asked[0] if len(asked) == 1 else Any(asked)
    remarks = () if asked else (f"sets no bound: {criterion.text}",)
    return Composed(criterion, questions, form, 1, "registry", "", remarks)


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
