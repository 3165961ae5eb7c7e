"""The distinct questions that a set of trials puts to one chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from winnow.trials.answering import Answer, Asked
from winnow.trials.composition import Composed
from winnow.trials.matching.evidence import EvidenceReader
from winnow.trials.matching.prepared import PreparedTrial

# What an answer is kept under: the question's id and the digest of what it rests on.
Key = tuple[str, str]


@dataclass(frozen=True)
class QuestionSheet:
    """Every question of every criterion, equal ones once.

    Attributes:
        asked: the distinct questions by key, in the order they first occur.
        keys: by criterion id, the key of each of its questions.
    """

    asked: Mapping[Key, Asked]
    keys: Mapping[str, tuple[Key, ...]]

    def of(self, composed: Composed, answers: Mapping[Key, Answer]) -> dict[str, Answer]:
        """The answers to one criterion's questions by question id; those not given yet are missing."""
        keys = self.keys[composed.criterion.criterion_id]
        return {key[0]: answers[key] for key in keys if key in answers}


def question_sheet(trials: Iterable[PreparedTrial], reader: EvidenceReader) -> QuestionSheet:
    """Gather the questions; equal questions on equal evidence are one."""
    composed = [one for trial in trials for one in trial.composed]
    asked = [each for one in composed for each in _asked(one)]
    keys = [(each.question.question_id, found) for each, found in zip(asked, reader.digests(asked), strict=True)]
    distinct: dict[Key, Asked] = {}
    for key, each in zip(keys, asked, strict=True):
        distinct.setdefault(key, each)
    return QuestionSheet(distinct, _by_criterion(composed, keys))


def _asked(composed: Composed) -> list[Asked]:
    criterion = composed.criterion
    return [Asked(q, criterion.kind, criterion.whole_text, composed.only_if) for q in composed.questions]


def _by_criterion(composed: Sequence[Composed], keys: Sequence[Key]) -> dict[str, tuple[Key, ...]]:
    found: dict[str, tuple[Key, ...]] = {}
    at = 0
    for one in composed:
        found[one.criterion.criterion_id] = tuple(keys[at : at + len(one.questions)])
        at += len(one.questions)
    return found
