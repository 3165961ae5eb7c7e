"""What to ask or check next: the open questions, by what their answers would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from winnow.trials.answering.answer import ANSWERED, NOT_APPLICABLE, NOT_EVALUATED, Answer
from winnow.trials.composition import Composed, Question
from winnow.trials.scoring.policy import Policy
from winnow.trials.scoring.scores import score_named
from winnow.trials.scoring.verdict import Verdict, decide


@dataclass(frozen=True)
class NextQuestion:
    """An open question of a patient.

    Attributes:
        question: what to ask.
        effect: sum over trials of |score if yes - score if no|.
        trials: ids of the trials whose score it can change, most changed first.
        status: why it is open.
    """

    question: Question
    effect: float
    trials: tuple[str, ...]
    status: str


def next_questions(
    trials: Mapping[str, Sequence[Composed]], answers: Mapping[str, Answer], policy: Policy, by: str = "weighted"
) -> list[NextQuestion]:
    """The open questions of one patient, greatest effect first.

    Args:
        trials: the composed criteria of each trial by trial id.
        answers: by question id.
        policy: thresholds and priors.
        by: the score whose change counts.
    """
    effects: dict[str, dict[str, float]] = {}
    asked: dict[str, Question] = {}
    for trial_id, composed in trials.items():
        verdicts = [decide(c, answers, policy) for c in composed]
        for question, where in _open(composed, answers).items():
            scores = [_score_if(composed, verdicts, where, answers, policy, by, question, v) for v in ("yes", "no")]
            change = abs(scores[0] - scores[1])
            if change > 0:
                effects.setdefault(question.question_id, {})[trial_id] = change
                asked[question.question_id] = question
    return sorted(
        (_next(asked[key], changes, answers) for key, changes in effects.items()),
        key=lambda n: (-n.effect, n.question.text),
    )


def _open(composed: Sequence[Composed], answers: Mapping[str, Answer]) -> dict[Question, list[int]]:
    """Open questions of one trial, each with the positions of the criteria that ask it."""
    found: dict[Question, list[int]] = {}
    for at, one in enumerate(composed):
        for question in one.questions:
            answer = answers.get(question.question_id)
            if answer is None or answer.status not in (ANSWERED, NOT_APPLICABLE):
                found.setdefault(question, []).append(at)
    return found


def _score_if(
    composed: Sequence[Composed],
    verdicts: list[Verdict],
    where: list[int],
    answers: Mapping[str, Answer],
    policy: Policy,
    by: str,
    question: Question,
    value: str,
) -> float:
    """The trial's score with one question answered; only the criteria that ask it are decided again."""
    supposed = Answer(question.question_id, value, ANSWERED, float(value == "yes"))
    given = {**answers, question.question_id: supposed}
    changed = list(verdicts)
    for at in where:
        changed[at] = decide(composed[at], given, policy)
    return score_named(by)(changed, policy)


def _next(question: Question, changes: Mapping[str, float], answers: Mapping[str, Answer]) -> NextQuestion:
    answer = answers.get(question.question_id)
    trials = tuple(sorted(changes, key=lambda trial: (-changes[trial], trial)))
    return NextQuestion(question, sum(changes.values()), trials, answer.status if answer else NOT_EVALUATED)
