"""One patient against many trials: chart, questions, answers, verdicts, ranking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from winnow.trials.answering import Answer, Asked, Engine, Tokens
from winnow.trials.answering.answer import ERROR
from winnow.trials.answering.quotes import DEMOTED, verify_quotes
from winnow.trials.matching.evidence import EvidenceReader
from winnow.trials.matching.outcome import Effort, PatientMatch
from winnow.trials.matching.prepared import PreparedTrial
from winnow.trials.matching.questions import Key, QuestionSheet, question_sheet
from winnow.trials.matching.settings import MatchSettings
from winnow.trials.patients import Patient
from winnow.trials.retrieval import Chart, Encoder, open_chart
from winnow.trials.scoring import Standing, decide, next_questions, overridden, ranked, standing

if TYPE_CHECKING:
    from winnow.trials.retrieval import Pool


class AnswerBook(Protocol):
    """Where answers are kept between runs."""

    def find(self, patient_id: str, engine: str, keys: Sequence[Key]) -> Mapping[Key, Answer]:
        """Those that are there."""
        ...

    def keep(self, patient_id: str, engine: str, answers: Mapping[Key, Answer], asked: Mapping[Key, Asked]) -> None:
        """Keep some, all of them or none."""
        ...


@dataclass
class Matcher:
    """Everything that the patients of a run share.

    Attributes:
        trials: composed once.
        engine: who answers.
        settings: of the run.
        encoder: sentence encoder for retrieval; None searches words alone.
        book: where answers are kept; None keeps nothing.
        pool: the trials' search index, needed when `settings.top` is given.
        overrides: outcome that a reviewer gave, by patient id and criterion id.
        progress: told the answered and the distinct questions of the patient, batch by batch.
    """

    trials: Sequence[PreparedTrial]
    engine: Engine
    settings: MatchSettings
    encoder: Encoder | None = None
    book: AnswerBook | None = None
    pool: Pool | None = None
    overrides: Mapping[tuple[str, str], str] = field(default_factory=dict)
    progress: Callable[[Patient, int, int], None] | None = None

    def match(self, patient: Patient) -> PatientMatch:
        """The worklist of one patient."""
        began = time.monotonic()
        chart = open_chart(patient, self.settings.as_of, self.settings.rules, self.encoder)
        trials = self._near(chart)
        sheet = question_sheet(trials, EvidenceReader(chart, self.engine, self.settings.evidence))
        known = dict(self.book.find(patient.patient_id, self.engine.name, list(sheet.asked))) if self.book else {}
        fresh = self._ask(chart, sheet, known)
        answers = known | fresh
        effort = _effort(trials, sheet, known, fresh, time.monotonic() - began)
        return self._outcome(chart, trials, sheet, answers, effort)

    def _near(self, chart: Chart) -> list[PreparedTrial]:
        if self.settings.top is None or self.pool is None or self.settings.top >= len(self.trials):
            return list(self.trials)
        best = {found.trial.trial_id for found in self.pool.search(chart, self.settings.top)}
        return [trial for trial in self.trials if trial.trial.trial_id in best]

    def _ask(self, chart: Chart, sheet: QuestionSheet, known: Mapping[Key, Answer]) -> dict[Key, Answer]:
        waiting = [key for key in sheet.asked if key not in known]
        fresh: dict[Key, Answer] = {}
        for at in range(0, len(waiting), self.settings.batch):
            keys = waiting[at : at + self.settings.batch]
            given = self.engine.answer([sheet.asked[key] for key in keys], chart)
            checked = {key: verify_quotes(answer, chart) for key, answer in zip(keys, given, strict=True)}
            if self.book:
                self.book.keep(chart.patient.patient_id, self.engine.name, checked, sheet.asked)
            fresh |= checked
            if self.progress:
                self.progress(chart.patient, len(known) + len(fresh), len(sheet.asked))
        return fresh

    def _outcome(
        self,
        chart: Chart,
        trials: Sequence[PreparedTrial],
        sheet: QuestionSheet,
        answers: Mapping[Key, Answer],
        effort: Effort,
    ) -> PatientMatch:
        policy, by = self.settings.policy, self.settings.by
        standings = [self._standing(chart, trial, sheet, answers) for trial in trials]
        by_question = {key[0]: answer for key, answer in answers.items()}
        composed = {trial.trial.trial_id: trial.composed for trial in trials}
        assessed = set(composed)
        return PatientMatch(
            chart=chart,
            trials={trial.trial.trial_id: trial for trial in trials},
            standings=tuple(ranked(standings, by)),
            answers=_by_criterion(trials, sheet, answers),
            next=tuple(next_questions(composed, by_question, policy, by)),
            beyond=tuple(t.trial.trial_id for t in self.trials if t.trial.trial_id not in assessed),
            effort=effort,
        )

    def _standing(
        self, chart: Chart, trial: PreparedTrial, sheet: QuestionSheet, answers: Mapping[Key, Answer]
    ) -> Standing:
        policy, patient_id = self.settings.policy, chart.patient.patient_id
        verdicts = [
            overridden(
                decide(composed, sheet.of(composed, answers), policy),
                self.overrides.get((patient_id, composed.criterion.criterion_id)),
            )
            for composed in trial.composed
        ]
        return standing(patient_id, trial.trial.trial_id, verdicts, policy)


def _by_criterion(
    trials: Iterable[PreparedTrial], sheet: QuestionSheet, answers: Mapping[Key, Answer]
) -> dict[str, tuple[Answer, ...]]:
    ids = [one.criterion.criterion_id for trial in trials for one in trial.composed]
    return {criterion_id: tuple(answers[key] for key in sheet.keys[criterion_id]) for criterion_id in ids}


def _effort(
    trials: Sequence[PreparedTrial],
    sheet: QuestionSheet,
    known: Mapping[Key, Answer],
    fresh: Mapping[Key, Answer],
    seconds: float,
) -> Effort:
    given = [*known.values(), *fresh.values()]
    spent = [answer.tokens for answer in fresh.values() if answer.tokens]
    tokens = Tokens(sum(t.prompt for t in spent), sum(t.completion for t in spent), sum(t.cached for t in spent))
    return Effort(
        pairs=len(trials),
        questions=sum(trial.questions for trial in trials),
        distinct=len(sheet.asked),
        reused=len(known),
        errors=sum(answer.status == ERROR for answer in given),
        demoted=sum(DEMOTED in answer.flags for answer in given),
        tokens=tokens,
        seconds=seconds,
    )
