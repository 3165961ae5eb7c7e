"""What a matching run finds for one patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from winnow.trials.answering import Answer, Tokens
from winnow.trials.matching.prepared import PreparedTrial
from winnow.trials.retrieval import Chart
from winnow.trials.scoring import NextQuestion, Standing


@dataclass(frozen=True)
class Effort:
    """What it took.

    Attributes:
        pairs: patient-trial pairs assessed.
        questions: questions of all criteria, equal ones counted each time.
        distinct: questions left when equal ones on equal evidence are one.
        reused: of those, answered from the store.
        errors: of those, answered with status "error".
        demoted: answers that lost their quotes: the count of invented citations.
        tokens: of the language model's calls in this run.
        seconds: wall time.
    """

    pairs: int
    questions: int
    distinct: int
    reused: int
    errors: int
    demoted: int
    tokens: Tokens
    seconds: float

    def __add__(self, other: Effort) -> Effort:
        """Both together."""
        tokens = Tokens(
            self.tokens.prompt + other.tokens.prompt,
            self.tokens.completion + other.tokens.completion,
            self.tokens.cached + other.tokens.cached,
        )
        return Effort(
            self.pairs + other.pairs,
            self.questions + other.questions,
            self.distinct + other.distinct,
            self.reused + other.reused,
            self.errors + other.errors,
            self.demoted + other.demoted,
            tokens,
            self.seconds + other.seconds,
        )


NO_EFFORT = Effort(0, 0, 0, 0, 0, 0, Tokens(0, 0), 0.0)


@dataclass(frozen=True)
class PatientMatch:
    """The worklist of one patient.

    Attributes:
        chart: what was read.
        trials: the assessed trials by id.
        standings: best first; nothing that was assessed is left out.
        answers: by criterion id, one answer a question of the criterion, in its order.
        next: what to ask or check next, greatest effect first.
        beyond: ids of trials that retrieval ranked too low to be assessed (`MatchSettings.top`).
        effort: questions, reuse, tokens and time.
    """

    chart: Chart
    trials: Mapping[str, PreparedTrial]
    standings: tuple[Standing, ...]
    answers: Mapping[str, tuple[Answer, ...]]
    next: tuple[NextQuestion, ...]
    beyond: tuple[str, ...]
    effort: Effort
