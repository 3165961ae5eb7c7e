"""A patient's worklist as one JSON document: what the page shows, and what other programs read.

The same inputs give the same bytes: it holds no time of writing and no duration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import winnow
from winnow.core import plain
from winnow.trials.answering import Answer
from winnow.trials.composition import Composed, describe
from winnow.trials.matching import MatchSettings, PatientMatch, PreparedTrial
from winnow.trials.patients import age_on
from winnow.trials.report.notice import NOTICE
from winnow.trials.scoring import Standing, Verdict

FORMAT = 1


def worklist(match: PatientMatch, settings: MatchSettings, engine: str) -> dict[str, Any]:
    """The document.

    Args:
        match: one patient's match.
        settings: of the run.
        engine: the engine's name.

    Returns:
        A JSON object. Offsets count characters of a note's text as given under "notes": `text[start:end]` is the quote.
    """
    return {
        "format": FORMAT,
        "notice": NOTICE,
        "winnow": winnow.__version__,
        "engine": engine,
        "settings": {"ranked_by": settings.by, "policy": plain(settings.policy), "top": settings.top},
        "patient": _patient(match),
        "notes": _notes(match),
        "trials": [_trial(match, place, one) for place, one in enumerate(match.standings, start=1)],
        "not_assessed": list(match.beyond),
        "ask_next": [_next(one) for one in match.next],
        "effort": _effort(match),
    }


def _patient(match: PatientMatch) -> dict[str, Any]:
    chart, patient = match.chart, match.chart.patient
    age = age_on(patient, chart.as_of) if chart.as_of else None
    return {
        "id": patient.patient_id,
        "sex": patient.sex,
        "born": str(patient.born) if patient.born else None,
        "age": None if age is None else int(age),
        "as_of": str(chart.as_of) if chart.as_of else None,
        "left_out": [plain(one) for one in chart.left_out],
        "not_understood": [plain(one) for one in patient.unread],
        "instructions": [{"note": s.note_id, "start": s.start, "end": s.end} for s in chart.flagged],
    }


def _notes(match: PatientMatch) -> list[dict[str, Any]]:
    return [
        {"id": n.note_id, "day": str(n.day) if n.day else None, "kind": n.kind, "source": n.source, "text": n.text}
        for n in match.chart.notes
    ]


def _trial(match: PatientMatch, place: int, standing: Standing) -> dict[str, Any]:
    prepared = match.trials[standing.trial_id]
    trial = prepared.trial
    return {
        "id": trial.trial_id,
        "place": place,
        "title": trial.title,
        "status": trial.status,
        "phases": list(trial.phases),
        "conditions": list(trial.conditions),
        "interventions": list(trial.interventions),
        "summary": standing.summary,
        "scores": dict(standing.scores),
        "tiers": [{**plain(tier), "open": tier.open} for tier in standing.tiers],
        "criteria": _criteria(match, prepared, standing.verdicts),
    }


def _criteria(match: PatientMatch, prepared: PreparedTrial, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    return [
        _criterion(composed, verdict, match.answers[verdict.criterion_id])
        for composed, verdict in zip(prepared.composed, verdicts, strict=True)
    ]


def _criterion(composed: Composed, verdict: Verdict, answers: Sequence[Answer]) -> dict[str, Any]:
    criterion = composed.criterion
    return {
        "id": criterion.criterion_id,
        "kind": criterion.kind,
        "tier": verdict.tier,
        "text": criterion.whole_text,
        "headings": list(criterion.headings),
        "cohort": criterion.cohort,
        "only_if": composed.only_if,
        "form": describe(composed.form),
        "composed_by": composed.by,
        "remarks": list(composed.remarks),
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "assumed": verdict.assumed,
        "probability": round(verdict.probability, 4),
        "answers": [_answer(q.text, a) for q, a in zip(composed.questions, answers, strict=True)],
    }


def _answer(question: str, answer: Answer) -> dict[str, Any]:
    return {
        "question_id": answer.question_id,
        "question": question,
        "value": answer.value,
        "status": answer.status,
        "probability": round(answer.probability, 4),
        "quotes": [{"note": q.note_id, "start": q.start, "end": q.end, "text": q.text} for q in answer.quotes],
        "reasoning": answer.reasoning,
        "by": answer.by,
        "flags": list(answer.flags),
    }


def _next(one: Any) -> dict[str, Any]:
    return {
        "question_id": one.question.question_id,
        "question": one.question.text,
        "effect": round(one.effect, 4),
        "trials": list(one.trials),
        "status": one.status,
    }


def _effort(match: PatientMatch) -> dict[str, Any]:
    # What a resumed run has reused depends on when the first one was stopped, so it is told elsewhere.
    effort = match.effort
    return {
        "pairs": effort.pairs,
        "questions": effort.questions,
        "distinct_questions": effort.distinct,
        "errors": effort.errors,
        "demoted": effort.demoted,
    }
