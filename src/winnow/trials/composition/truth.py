"""What a Boolean form is worth when every answer is known."""

from __future__ import annotations

from collections.abc import Sequence

from winnow.trials.composition.form import All, Any, Ask, AtLeast, Form, Negated


def truth(form: Form, values: Sequence[bool]) -> bool:
    """The form's value when question `i` is answered `values[i]`; IndexError for a question without a value."""
    match form:
        case Ask(question):
            return values[question]
        case Negated(part):
            return not truth(part, values)
        case All(parts):
            return all(truth(part, values) for part in parts)
        case Any(parts):
            return any(truth(part, values) for part in parts)
        case AtLeast(count, parts):
            return sum(truth(part, values) for part in parts) >= count


def asked_in(form: Form) -> tuple[int, ...]:
    """The questions a form refers to: distinct, ascending."""
    match form:
        case Ask(question):
            return (question,)
        case Negated(part):
            return asked_in(part)
        case All(parts) | Any(parts) | AtLeast(_, parts):
            return tuple(sorted({question for part in parts for question in asked_in(part)}))
