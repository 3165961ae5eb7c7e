"""Invented patients, trials and an engine that counts what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from winnow.trials.answering import Answer, Asked, Quote
from winnow.trials.patients import Note, Patient
from winnow.trials.registry import Trial
from winnow.trials.retrieval import Chart

ELIGIBILITY = """Inclusion Criteria:

* Histologically confirmed melanoma
* ECOG performance status 0-1
* Hemoglobin >= 9 g/dL

Exclusion Criteria:

* Active hepatitis B
* Pregnancy
"""


def patient(patient_id: str = "P1", *more: Note) -> Patient:
    first = "Synthetic. 54-year-old woman with histologically confirmed melanoma. ECOG performance status 1."
    second = "Synthetic. Hemoglobin 11.2 g/dL. Denies chest pain."
    notes = (Note("n1", first, date(2024, 1, 2), "clinical"), Note("n2", second, date(2024, 2, 3), "laboratory"))
    return Patient(patient_id, (*notes, *more), date(1970, 1, 1), "female")


def trial(trial_id: str = "FICT1", eligibility: str = ELIGIBILITY, **fields: object) -> Trial:
    return Trial(trial_id, f"A fictional trial {trial_id}", eligibility, ("Melanoma",), **fields)  # type: ignore[arg-type]


@dataclass
class WordEngine:
    """Says yes when a sentence shares a long word with the statement, and quotes that sentence."""

    seen: list[str] = field(default_factory=list)
    stop_after: int | None = None

    @property
    def name(self) -> str:
        return "words v1"

    def answer(self, asked: Sequence[Asked], chart: Chart) -> list[Answer]:
        return [self._one(one, chart) for one in asked]

    def _one(self, asked: Asked, chart: Chart) -> Answer:
        if self.stop_after is not None and len(self.seen) >= self.stop_after:
            raise KeyboardInterrupt
        question = asked.question
        self.seen.append(question.question_id)
        words = {word for word in question.statement.lower().split() if len(word) > 5}
        for sentence in chart.sentences:
            if words & set(sentence.text.lower().strip(".").split()):
                quote = Quote(sentence.note_id, sentence.start, sentence.end, sentence.text)
                return Answer(question.question_id, "yes", "answered", 1.0, (quote,), "it says so", "words")
        return Answer(question.question_id, "n/a", "not documented", 0.5, (), "no such word", "words")
