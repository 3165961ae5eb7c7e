"""What is gathered while a criterion is read: questions, remarks, and words that every question needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from winnow.trials.composition.form import All, Any, Ask, Form
from winnow.trials.composition.question import Question


@dataclass
class Draft:
    """The composition under way.

    Attributes:
        kind: "inclusion" or "exclusion".
        questions: distinct, in order of the text.
        remarks: what could not be read.
    """

    kind: str
    questions: list[Question] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def ask(self, question: Question) -> Ask:
        """The form that stands for the question; the same question is asked once."""
        if question not in self.questions:
            self.questions.append(question)
        return Ask(self.questions.index(question))

    def remark(self, text: str) -> None:
        """Note it once."""
        if text not in self.remarks:
            self.remarks.append(text)

    @property
    def apart(self) -> str:
        """How demands combine that stand side by side with no word between them: every one counts by itself."""
        return "and" if self.kind == "inclusion" else "or"


def joined(connector: str, parts: list[Form]) -> Form:
    """The parts under "and" or "or": one part alone, and nested parts of the same connector in one row."""
    shape = All if connector == "and" else Any
    flat: list[Form] = []
    for part in parts:
        flat += part.parts if isinstance(part, shape) and part.parts else [part]
    distinct = tuple(dict.fromkeys(flat))
    return distinct[0] if len(distinct) == 1 else shape(distinct)
