"""A simple yes/no question about a patient, with its typed comparison and window when it has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from winnow.core import digest


@dataclass(frozen=True)
class Comparison:
    """A number to compare, evaluated in code and never by a language model.

    Attributes:
        quantity: the canonical name ("age", "ecog", "karnofsky", "hemoglobin", "platelets", "creatinine", ...), or the
            criterion's own words in lower case when no name is known.
        operator: "<", "<=", ">", ">=", "=" or "between" (both ends included).
        low: the bound; the lower one for "between".
        high: the upper bound for "between"; else None.
        unit: as written in the criterion, tidied ("g/dL", "/mm3", "years"); None when it has none.
        reference: None for an absolute number; "ULN", "LLN", "normal" or "baseline" when the bounds are multiples.
    """

    quantity: str
    operator: str
    low: float
    high: float | None = None
    unit: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Window:
    """When the fact must hold.

    Attributes:
        days: length of the window in days (a month is 30.4375, a year 365.25); None for an open one.
        relation: "within" (in the last `days`), "before" (longer ago than `days`), "current" or "ever" (any time).
        anchor: what the window is counted from, as written ("randomization"); the as-of date stands for it.
    """

    days: float | None
    relation: str
    anchor: str = ""


@dataclass(frozen=True)
class Question:
    """One fact to look for.

    Attributes:
        text: the question for a person or a language model: "Does the patient have metastatic breast cancer?".
        statement: the fact claimed, in the criterion's own words and without negation: "metastatic breast cancer".
        comparison: for a number.
        window: for a time.
    """

    text: str
    statement: str
    comparison: Comparison | None = None
    window: Window | None = None

    @cached_property
    def question_id(self) -> str:
        """Sixteen hexadecimal digits of what is asked: equal questions of different trials share answers."""
        return digest({"question": self.text, "comparison": self.comparison, "window": self.window})[:16]
