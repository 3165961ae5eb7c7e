"""What an answer is, and what every engine promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from winnow.trials.composition import Question

if TYPE_CHECKING:
    from winnow.trials.retrieval import Sentence
    from winnow.trials.retrieval.chart import Chart

ANSWERED = "answered"
NOT_DOCUMENTED = "not documented"
NOT_APPLICABLE = "not applicable"
ERROR = "error"
NOT_EVALUATED = "not evaluated"
STATUSES = (ANSWERED, NOT_DOCUMENTED, NOT_APPLICABLE, ERROR, NOT_EVALUATED)


@dataclass(frozen=True)
class Quote:
    """Words of a note: `note.text[start:end] == text`, checked before an answer leaves its engine."""

    note_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Tokens:
    """What a call to a language model cost, as the server counted it."""

    prompt: int
    completion: int
    cached: int = 0


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        question_id: which question.
        value: "yes", "no" or "n/a".
        status: one of `STATUSES`. Only "answered" goes with "yes" or "no"; the other four go with "n/a".
        probability: of "yes", 0 to 1; 0.5 when nothing is known.
        quotes: the evidence, best first; an "answered" one has at least one.
        reasoning: why, in a sentence or more.
        by: the rule or model ("rule:age", "assertion", "head", "reader:<name>", a chat model's id).
        flags: "conflict", "demoted: no such quote", "instruction in a note", "repaired", "outdated", ...
        tokens: of a language model's call; None otherwise.
    """

    question_id: str
    value: str
    status: str
    probability: float
    quotes: tuple[Quote, ...] = ()
    reasoning: str = ""
    by: str = ""
    flags: tuple[str, ...] = ()
    tokens: Tokens | None = None


@dataclass(frozen=True)
class Asked:
    """A question as it is put to an engine.

    Attributes:
        question: what is asked.
        kind: "inclusion" or "exclusion": the criterion's it comes from.
        criterion: the criterion's whole text, for engines that read it.
        only_if: the population the criterion applies to; "" for everybody.
    """

    question: Question
    kind: str
    criterion: str
    only_if: str = ""


class Engine(Protocol):
    """Answers questions about one chart.

    `name` goes into cache keys and the audit: it names the engine, its version and its settings. `answer` returns one
    answer a question, in order; it never raises for a single question's failure (status "error" instead).
    """

    @property
    def name(self) -> str:
        """The engine, its version and its settings, in one line."""
        ...

    def answer(self, asked: Sequence[Asked], chart: Chart) -> list[Answer]:
        """One answer a question, in order."""
        ...


@runtime_checkable
class TellsEvidence(Protocol):
    """An engine that tells what its answers may depend on, so that a new note asks again only what it can change."""

    def evidence_of(self, asked: Sequence[Asked], chart: Chart) -> list[list[Sentence]]:
        """For each question every sentence of the chart that its answer may depend on."""
        ...
