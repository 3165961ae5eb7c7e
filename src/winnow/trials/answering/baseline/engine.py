"""The default engine: rules first, then what the best sentences assert, then a calibrated head that may abstain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from winnow.trials.answering.answer import ANSWERED, ERROR, NOT_DOCUMENTED, Answer, Asked, Quote
from winnow.trials.answering.baseline.agreement import asks_agreement, find_agreement, tells_agreement
from winnow.trials.answering.baseline.alternatives import GONE, implied_by, stems_read
from winnow.trials.answering.baseline.evidence import Finding, newest, to_answer
from winnow.trials.answering.baseline.facts import find_fact
from winnow.trials.answering.baseline.features import Evidence, evidence_of
from winnow.trials.answering.baseline.head import Head
from winnow.trials.answering.baseline.markers import find_marker, markers_in
from winnow.trials.answering.baseline.mentions import StemIndex
from winnow.trials.answering.baseline.numbers import find_number
from winnow.trials.answering.baseline.person import (
    Age,
    age_finding,
    find_age,
    find_sex,
    not_for_this_patient,
    sex_finding,
)
from winnow.trials.answering.baseline.residue import qualified
from winnow.trials.composition import Comparison, Question, read_quantities
from winnow.trials.retrieval import Chart, Hit, Sentence

VERSION = 3
# The head may speak only where a sentence holds at least this share of the claim's head words: without words of the
# fact in the chart nothing is documented, whatever a model expects of such questions.
LEAST_HEADS = 0.5
# Where the asked scale of performance status is absent, the other one is read.
_OTHER_SCALE = {"ecog": "karnofsky", "karnofsky": "ecog"}


class BaselineEngine:
    """Engine (a): offline, deterministic, no language model; it abstains where it is not sure.

    Sentences that look like instructions are not among a chart's sentences, so they are never read.

    Args:
        head: a calibrated head (`winnow.trials.tuning.head`) for questions that no rule decides; None abstains on them.
        threshold: the head answers only when "yes" or "no" is at least this probable.
    """

    def __init__(self, head: Head | None = None, threshold: float = 0.75) -> None:
        self._head, self._threshold = head, threshold

    @classmethod
    def load(cls, path: Path, threshold: float = 0.75) -> BaselineEngine:
        """The engine with a saved head.

        Raises:
            WinnowError: as `Head.load`.
        """
        return cls(Head.load(path), threshold)

    @property
    def name(self) -> str:
        """Version, head and threshold in one line."""
        head = self._head.identity if self._head else "none"
        return f"baseline v{VERSION} head={head} threshold={self._threshold:g}"

    def answer(self, asked: Sequence[Asked], chart: Chart) -> list[Answer]:
        """One answer a question, in order."""
        known = Known(chart)
        hits = chart.search([each.question.statement for each in asked]) if self._head and asked else []
        return [self._one(each, known, hits[at] if hits else []) for at, each in enumerate(asked)]

    def evidence_of(self, asked: Sequence[Asked], chart: Chart) -> list[list[Sentence]]:
        """The sentences that share a word with a question, those that tell age and sex, and what a search finds.

        The rules read whole charts, but only sentences of these kinds can move them.
        """
        known = Known(chart)
        person = [s for s in (known.age and known.age.sentence, known.sex and known.sex[1]) if s]
        hits = chart.search([each.question.statement for each in asked]) if self._head and asked else []
        found = []
        for at, each in enumerate(asked):
            said = [*person, *known.touching(each), *(hit.sentence for hit in (hits[at] if hits else ()))]
            found.append(list(dict.fromkeys(said)))
        return found

    def _one(self, asked: Asked, known: Known, hits: Sequence[Hit]) -> Answer:
        try:
            finding = find(asked, known)
            if finding is not None:
                return to_answer(finding, asked.question.question_id)
            return self._by_head(asked.question, evidence_of(asked.question, hits))
        except (ValueError, ArithmeticError, LookupError) as error:
            # One question's failure is not the chart's; the message could hold a note's words, its type cannot.
            return Answer(asked.question.question_id, "n/a", ERROR, 0.5, reasoning=type(error).__name__, by="baseline")

    def _by_head(self, question: Question, evidence: Evidence) -> Answer:
        """The head's answer where it is sure and has words to quote; else not documented."""
        if self._head is None or evidence.best is None or question.comparison or evidence.heads < LEAST_HEADS:
            return Answer(question.question_id, "n/a", NOT_DOCUMENTED, 0.5, reasoning="nothing found", by="assertion")
        yes, no, _ = self._head.probabilities(evidence.features[None])[0]
        if max(yes, no) < self._threshold or not evidence.supports("yes" if yes > no else "no"):
            return Answer(question.question_id, "n/a", NOT_DOCUMENTED, 0.5, reasoning="not sure enough", by="head")
        sentence = evidence.best.sentence
        quote = Quote(sentence.note_id, sentence.start, sentence.end, sentence.text)
        value, probability = ("yes", yes) if yes > no else ("no", 1 - no)
        said = f"the nearest sentence decides with {max(yes, no):.2f}"
        return Answer(question.question_id, value, ANSWERED, float(probability), (quote,), said, "head")


@dataclass(frozen=True)
class Known:
    """What is found once a chart and used by every question."""

    chart: Chart

    @cached_property
    def index(self) -> StemIndex:
        """The stems of its sentences."""
        return StemIndex(self.chart.sentences)

    def touching(self, asked: Asked) -> list[Sentence]:
        """The sentences that a question's rules may read beside those on age and sex."""
        comparison = asked.question.comparison
        names = (comparison.quantity, _OTHER_SCALE.get(comparison.quantity, "")) if comparison else ()
        measured = [sentence for name in names for sentence in self.measured.get(name, [])]
        said = self.index.sharing(stems_read(asked.question))
        marked = [s for name in markers_in(asked.question.statement) for s in self.marked.get(name, [])]
        gone = self.gone if implied_by(asked.question.statement) else []
        agreed = self.agreements if asks_agreement(asked.question.statement) else []
        return [*measured, *said, *marked, *gone, *agreed]

    @cached_property
    def marked(self) -> dict[str, list[Sentence]]:
        """The sentences that name a marker, by its name."""
        found: dict[str, list[Sentence]] = {}
        for sentence in self.chart.sentences:
            for name in markers_in(sentence.text):
                found.setdefault(name, []).append(sentence)
        return found

    @cached_property
    def gone(self) -> list[Sentence]:
        """The sentences that say a disease is gone."""
        return [sentence for sentence in self.chart.sentences if GONE.search(sentence.text)]

    @cached_property
    def agreements(self) -> list[Sentence]:
        """The sentences on consent and willingness."""
        return [sentence for sentence in self.chart.sentences if tells_agreement(sentence.text)]

    @cached_property
    def measured(self) -> dict[str, list[Sentence]]:
        """The sentences that give a number, by its quantity."""
        found: dict[str, list[Sentence]] = {}
        for sentence in self.chart.sentences:
            for name in {quantity.quantity for quantity in read_quantities(sentence.text)}:
                found.setdefault(name, []).append(sentence)
        return found

    @cached_property
    def age(self) -> Age | None:
        """The patient's age, if known."""
        return find_age(self.chart)

    @cached_property
    def sex(self) -> tuple[str, Sentence | None] | None:
        """The patient's sex, if known."""
        return find_sex(self.chart)


def _number(question: Question, comparison: Comparison, known: Known) -> Finding | None:
    if comparison.quantity == "age":
        return age_finding(comparison, known.age) if known.age else None
    return find_number(question, known.chart.sentences, known.chart.as_of)


def find(asked: Asked, known: Known) -> Finding | None:
    """The first rule that has something to say; None when none has."""
    question = asked.question
    population = f"{asked.only_if} | {question.statement}" if asked.only_if else question.statement
    if known.sex and (finding := sex_finding(question.statement, known.sex)):
        return finding
    if finding := not_for_this_patient(population, known.sex, known.age):
        return finding
    if question.comparison is not None:
        return qualified(_number(question, question.comparison, known), question.statement, question.comparison)
    if finding := find_agreement(question.statement, known.chart.sentences):
        return finding
    marker = find_marker(question.statement, known.chart.sentences)
    return newest([marker, find_fact(question, known.index, known.chart.as_of)])
