"""A form in one line, for people."""

from __future__ import annotations

from winnow.trials.composition.form import All, Any, Ask, AtLeast, Form, Negated


def describe(form: Form) -> str:
    """The form with questions counted from 1: "1 and (2 or not 3)"; "always" and "never" for the empty ones."""
    match form:
        case Ask(question):
            return str(question + 1)
        case Negated(part):
            return f"not {_inner(part)}"
        case All(parts):
            return " and ".join(_inner(part) for part in parts) if parts else "always"
        case Any(parts):
            return " or ".join(_inner(part) for part in parts) if parts else "never"
        case AtLeast(count, parts):
            return f"at least {count} of ({', '.join(_inner(part) for part in parts)})"


def _inner(part: Form) -> str:
    """Compound parts in parentheses."""
    words = describe(part)
    return f"({words})" if isinstance(part, All | Any) and len(part.parts) > 1 else words
