"""What the rules of this engine share: a finding with its sentences, and the chart's sentences in order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from winnow.trials.answering.answer import ANSWERED, NOT_APPLICABLE, NOT_DOCUMENTED, Answer, Quote
from winnow.trials.retrieval import Sentence

# Rules are no oracles: a table of invented sentences they pass, real notes they have not been measured on.
SURE, LIKELY, CONFLICTED = 0.95, 0.9, 0.7
LONG_AGO = date.min


@dataclass(frozen=True)
class Finding:
    """What a rule makes of a question.

    Attributes:
        holds: whether the fact holds; None when it does not apply to the patient or is left open.
        sentences: the evidence, best first.
        reasoning: why.
        by: the rule.
        confidence: of `holds`, 0.5 to 1.
        flags: as of an answer.
        applies: False when the question does not apply to this patient.
    """

    holds: bool | None
    sentences: tuple[Sentence, ...]
    reasoning: str
    by: str
    confidence: float = LIKELY
    flags: tuple[str, ...] = ()
    applies: bool = True


def to_answer(finding: Finding, question_id: str) -> Answer:
    """A finding as an answer; yes or no without a sentence to quote is demoted."""
    quotes = tuple(Quote(s.note_id, s.start, s.end, s.text) for s in finding.sentences[:3])
    value = "n/a" if finding.holds is None else "yes" if finding.holds else "no"
    flags, status = finding.flags, ANSWERED
    if value == "n/a":
        status = NOT_DOCUMENTED if finding.applies else NOT_APPLICABLE
    elif not quotes:
        value, status, flags = "n/a", NOT_DOCUMENTED, (*flags, "demoted: no such quote")
    probability = 0.5 if finding.holds is None else finding.confidence if finding.holds else 1 - finding.confidence
    return Answer(question_id, value, status, probability, quotes, finding.reasoning, finding.by, flags)


def newest(findings: Iterable[Finding | None]) -> Finding | None:
    """The finding with the newest evidence, the first among equals; marked when an older one disagrees."""
    found = [finding for finding in findings if finding is not None]
    if not found:
        return None
    last = max(found, key=lambda finding: max((s.day or LONG_AGO for s in finding.sentences), default=LONG_AGO))
    differs = any({last.holds, other.holds} == {True, False} for other in found)
    flags = dict.fromkeys((*last.flags, "superseded")) if differs else last.flags
    return replace(last, flags=tuple(flags))


def written_on(sentence: Sentence, as_of: date | None) -> date | None:
    """The day a sentence speaks from: its note's, else the as-of date."""
    return sentence.day or as_of


def latest_first(sentences: Iterable[Sentence]) -> list[Sentence]:
    """Newest note first, undated ones last; within a note the later sentence first."""
    return sorted(sentences, key=lambda s: (s.day or LONG_AGO, s.note_id, s.start), reverse=True)
