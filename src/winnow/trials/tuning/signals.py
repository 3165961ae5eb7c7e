"""A row as numbers: what the engine answered, how near the note's sentences come, and what the criterion is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import AnswerRow
from winnow.trials.answering.answer import NOT_APPLICABLE, Answer
from winnow.trials.answering.baseline import BaselineEngine
from winnow.trials.answering.baseline.features import evidence_of
from winnow.trials.answering.baseline.person import find_age, find_sex
from winnow.trials.composition import Form
from winnow.trials.retrieval import Encoder
from winnow.trials.scoring.probability import probability
from winnow.trials.tuning.rows import RowAnswers, whole_question, work_through
from winnow.trials.tuning.topics import TOPICS, topics_of

Floats = NDArray[np.float64]
RULES = ("rule:age", "rule:sex", "rule:consent", "rule:number", "rule:marker", "assertion", "head")
_UNKNOWN_AGE = 40.0
# The first columns are of the criterion alone.
_OF_CRITERION = 2 + len(TOPICS)


def bounds(form: Form, answers: Sequence[Answer]) -> tuple[float, float]:
    """The least and the greatest truth of a form that its open answers leave possible, 0 or 1 each."""
    known = {place: answer.value == "yes" for place, answer in enumerate(answers) if answer.value != "n/a"}
    low = probability(form, lambda question, sign: float(known.get(question, not sign)))
    high = probability(form, lambda question, sign: float(known.get(question, sign)))
    return low, high


def row_signals(rows: Sequence[AnswerRow], engine: BaselineEngine, encoder: Encoder | None = None) -> Floats:
    """The numbers of every row, [n, signals]; labels and evidence are not read."""
    worked = work_through(rows, engine, encoder)
    near = _nearness(rows, encoder)
    return np.array([_signals(row, own) + n for row, own, n in zip(rows, worked, near, strict=True)])


def without_patient(signals: Floats) -> Floats:
    """The columns [n, ...] that no note had a part in."""
    return signals[:, :_OF_CRITERION]


def _signals(row: AnswerRow, worked: RowAnswers) -> list[float]:
    text = row.criterion or ""
    question = whole_question(row)
    evidence = evidence_of(question, worked.chart.search([question.statement])[0] if text else [])
    return [
        float(row.kind == "inclusion"),
        float(np.log1p(len(text))),
        *topics_of(text),
        *_answered(row, worked),
        *evidence.features,
        evidence.heads,
        *_person(worked),
        float(np.log1p(len(worked.chart.sentences))),
    ]


def _answered(row: AnswerRow, worked: RowAnswers) -> list[float]:
    """What the answers make of the form, how many there are, and what each rule said: 1 yes, -1 no, 0 nothing."""
    answers = worked.answers
    low, high = bounds(worked.composed.form, answers) if answers else (0.0, 1.0)
    sign = {"yes": 1.0, "no": -1.0, "n/a": 0.0}
    by_rule = [sum(sign[answer.value] for answer in answers if answer.by == rule) for rule in RULES]
    away = any(answer.status == NOT_APPLICABLE for answer in answers)
    open_share = sum(answer.value == "n/a" for answer in answers) / max(len(answers), 1)
    return [low, high, open_share, *np.clip(by_rule, -1, 1), float(away), float(away and row.kind == "exclusion")]


def _person(worked: RowAnswers) -> list[float]:
    age, sex = find_age(worked.chart), find_sex(worked.chart)
    years = age.low if age else _UNKNOWN_AGE
    return [years / 50, float(years < 18), float(sex is not None and sex[0] == "female")]


def _nearness(rows: Sequence[AnswerRow], encoder: Encoder | None) -> list[list[float]]:
    """Cosines of criterion, trial title and note: [whole note and criterion, title and note, title and criterion]."""
    if encoder is None:
        return [[0.0, 0.0, 0.0] for _ in rows]
    notes = encoder.encode([" ".join(row.sentences) for row in rows])
    criteria = encoder.encode([row.criterion or "" for row in rows])
    titles = encoder.encode([row.trial_title or "" for row in rows])
    pairs = ((notes, criteria), (titles, notes), (titles, criteria))
    return np.stack([(one * other).sum(axis=1) for one, other in pairs], axis=1).astype(float).tolist()
