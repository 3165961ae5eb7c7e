"""What an answer rests on, as one digest: when it is the same, the answer is not asked for again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from winnow.core import digest
from winnow.trials.answering import Asked, Engine, TellsEvidence
from winnow.trials.composition import Question
from winnow.trials.patients import age_on
from winnow.trials.retrieval import Chart, Sentence

MONTHS_COUNT_BELOW = 3.0  # years: trials for small children bound the age in months


class EvidenceReader:
    """Digests of the evidence of questions in one chart.

    Args:
        chart: the chart.
        engine: whose answers they are. One that tells what it reads (`TellsEvidence`) is asked; for another it is what
            a search finds. One that reads whole criteria (`reads_criterion`) has them in the digest.
        k: sentences that a search returns.
    """

    def __init__(self, chart: Chart, engine: Engine, k: int) -> None:
        self._chart, self._engine, self._k = chart, engine, k
        self._reads_criterion = bool(getattr(engine, "reads_criterion", False))
        self._person = {"born": str(chart.patient.born), "sex": chart.patient.sex}

    def digests(self, asked: Sequence[Asked]) -> list[str]:
        """One digest a question, in order."""
        return [self._digest(one, read) for one, read in zip(asked, self._evidence(asked), strict=True)]

    def _evidence(self, asked: Sequence[Asked]) -> list[list[Sentence]]:
        if isinstance(self._engine, TellsEvidence):
            return self._engine.evidence_of(asked, self._chart)
        found = self._chart.search([one.question.statement for one in asked], self._k)
        return [[hit.sentence for hit in hits] for hits in found]

    def _digest(self, asked: Asked, read: Sequence[Sentence]) -> str:
        return digest(
            {
                "sentences": [_plain(sentence) for sentence in read],
                "person": self._person,
                "day": _day_that_matters(asked.question, self._chart),
                "kind": asked.kind,
                "only_if": asked.only_if,
                "criterion": asked.criterion if self._reads_criterion else None,
            }
        )


def _day_that_matters(question: Question, chart: Chart) -> str | float | None:
    """A day later most answers are the same: only a window moves with the day, and an age with the birthday."""
    if question.window is not None and question.window.days is not None:
        return str(chart.as_of)
    if question.comparison is None or question.comparison.quantity != "age" or chart.as_of is None:
        return None
    age = age_on(chart.patient, chart.as_of)
    if age is None:
        return str(chart.as_of)
    return math.floor(age) if age >= MONTHS_COUNT_BELOW else math.floor(12 * age) / 12


def _plain(sentence: Sentence) -> tuple[str, int, str, str, str, str]:
    return sentence.note_id, sentence.start, sentence.text, sentence.section, str(sentence.day), sentence.kind
