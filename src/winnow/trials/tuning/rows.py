"""Experts' rows as what the engine sees: a chart of one note, a composed criterion, and the engine's own answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, AnswerRow
from winnow.trials.answering import Answer, Asked
from winnow.trials.answering.answer import NOT_DOCUMENTED
from winnow.trials.answering.baseline import BaselineEngine
from winnow.trials.answering.baseline.engine import LEAST_HEADS
from winnow.trials.answering.baseline.features import FEATURES, evidence_of
from winnow.trials.composition import Ask, Composed, Negated, Question, compose
from winnow.trials.criteria import Criterion
from winnow.trials.patients import Note, Patient
from winnow.trials.retrieval import Chart, Encoder, open_chart


@dataclass(frozen=True)
class RowAnswers:
    """One row worked through by the engine.

    Attributes:
        composed: the criterion's questions and form.
        answers: one a question.
        chart: the note's sentences.
    """

    composed: Composed
    answers: tuple[Answer, ...]
    chart: Chart


def chart_of(row: AnswerRow, encoder: Encoder | None = None) -> Chart:
    """The row's note as a chart of one undated note, a sentence a line; labels and evidence stay out of it."""
    return open_chart(Patient(row.patient_id, (Note("note", "\n".join(row.sentences)),)), encoder=encoder)


def criterion_of(row: AnswerRow) -> Criterion:
    """The row's criterion on its own; one row of the published set has no text."""
    text = row.criterion or ""
    return Criterion(f"{row.trial_id}/{row.kind[0]}00", row.trial_id, row.kind, text, 0, len(text))


def whole_question(row: AnswerRow) -> Question:
    """The criterion as a single statement, whatever it is composed of."""
    return Question(row.criterion or "", row.criterion or "")


def work_through(rows: Sequence[AnswerRow], engine: BaselineEngine, encoder: Encoder | None = None) -> list[RowAnswers]:
    """Every row's criterion composed and answered from its note; a note's chart is opened once."""
    charts: dict[tuple[str, ...], Chart] = {}
    worked: list[RowAnswers] = []
    for row in rows:
        chart = charts.get(row.sentences) or charts.setdefault(row.sentences, chart_of(row, encoder))
        composed = compose(criterion_of(row))
        text = composed.criterion.whole_text
        asked = [Asked(question, row.kind, text, composed.only_if) for question in composed.questions]
        worked.append(RowAnswers(composed, tuple(engine.answer(asked, chart)), chart))
    return worked


def simple_evidence(
    rows: Sequence[AnswerRow], encoder: Encoder | None = None
) -> tuple[list[AnswerRow], NDArray[np.float64], NDArray[np.int64]]:
    """The rows that the head may learn from, their features [n, len(FEATURES)] and the answers to their one question.

    Kept is what would reach the head: a criterion of one question in words that no rule decides, with a sentence that
    holds half of its head words or more. The label of a negated question is turned round.
    """
    kept: list[tuple[AnswerRow, NDArray[np.float64], int]] = []
    for row, worked in zip(rows, work_through(rows, BaselineEngine(), encoder), strict=True):
        negated = isinstance(worked.composed.form, Negated)
        form = worked.composed.form.part if isinstance(worked.composed.form, Negated) else worked.composed.form
        if len(worked.answers) != 1 or not isinstance(form, Ask) or worked.answers[0].status != NOT_DOCUMENTED:
            continue
        question = worked.composed.questions[0]
        evidence = evidence_of(question, worked.chart.search([question.statement])[0])
        if question.comparison is None and evidence.heads >= LEAST_HEADS:
            kept.append((row, evidence.features, _turned(CLASSES.index(row.fact), negated)))
    features = np.array([features for _, features, _ in kept]).reshape(-1, len(FEATURES))
    return [row for row, _, _ in kept], features, np.array([truth for _, _, truth in kept], dtype=np.int64)


def _turned(truth: int, negated: bool) -> int:
    yes, no = CLASSES.index("yes"), CLASSES.index("no")
    return {yes: no, no: yes}.get(truth, truth) if negated else truth
