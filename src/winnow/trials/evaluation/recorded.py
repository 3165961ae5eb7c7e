"""Recorded answers of a chat model on the criterion benchmark: GPT-4o's, as the TrialGPT project's forks publish them.

One JSON file holds, by patient, group, trial, side and criterion number, [explanation, sentence numbers, label]; a
second one the scores made of them. Criteria are numbered in the order in which TrialGPT splits the registry's text: at
blank lines, headings and scraps of fewer than five characters left out (Jin et al. 2024, Nat Commun 15:9074).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.storage import read_json

SIDES = ("inclusion", "exclusion")
LABELS = {
    "inclusion": ("included", "not included", "not enough information", "not applicable"),
    "exclusion": ("excluded", "not excluded", "not enough information", "not applicable"),
}
_HEADINGS = ("inclusion criteria", "exclusion criteria")
_SCRAP = 5


@dataclass(frozen=True)
class RecordedAnswer:
    """What the model said of one criterion.

    Attributes:
        explanation: its words.
        sentences: positions of the note's sentences that it cites.
        label: one of `LABELS` of its side.
    """

    explanation: str
    sentences: tuple[int, ...]
    label: str


@dataclass(frozen=True)
class RecordedPair:
    """What was recorded of a patient and a trial.

    Attributes:
        patient_id, trial_id: which.
        answers: by side, in the order of the criteria; None in the place of an answer of the wrong form.
        matching_score, trial_score: as recorded; None when there are none.
        grade: the pair's relevance in the TREC or SIGIR judgements (0, 1 or 2); None when it was not judged.
    """

    patient_id: str
    trial_id: str
    answers: Mapping[str, tuple[RecordedAnswer | None, ...]]
    matching_score: float | None
    trial_score: float | None
    grade: int | None

    @property
    def linear_score(self) -> float:
        """TrialGPT's score of the labels: the share of inclusion criteria included, less 1 when any disqualifies.

        Criteria that do not apply stay out of the share. The published code takes 1 off twice when both sides
        disqualify; the recorded scores take it off once, and so does this.
        """
        labels = {side: [a.label for a in self.answers[side] if a is not None] for side in SIDES}
        counted = [label for label in labels["inclusion"] if label != "not applicable"]
        share = labels["inclusion"].count("included") / len(counted) if counted else 0.0
        return share - ("not included" in labels["inclusion"] or "excluded" in labels["exclusion"])


def read_recorded(matching: Path, rankings: Path) -> list[RecordedPair]:
    """The pairs of the two files, in their order.

    Raises:
        WinnowError: WN-D01 when a file is missing, WN-D03 when it is not of this form.
    """
    for path in (matching, rankings):
        if not path.is_file():
            raise WinnowError("WN-D01", "no recorded answers here", where=path.name)
    answers, scores = read_json(matching), read_json(rankings)
    try:
        return [
            _pair(patient, trial, sides, scores.get(patient, {}).get("trials", {}).get(trial, {}))
            for patient, groups in answers.items()
            for trials in groups.values()
            for trial, sides in trials.items()
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WinnowError("WN-D03", "recorded answers of another form", where=matching.name) from error


def recorded_criteria(text: str | None) -> list[str]:
    """The criteria of one side of a trial's text, numbered as the recorded answers are."""
    blocks = [block.strip() for block in (text or "").split("\n\n")]
    return [b for b in blocks if len(b) >= _SCRAP and not any(heading in b.lower() for heading in _HEADINGS)]


def _pair(patient: str, trial: str, sides: Mapping[str, Any], scores: Mapping[str, Any]) -> RecordedPair:
    answers = {side: _answers(sides[side], LABELS[side]) for side in SIDES}
    grade = scores.get("qrels_score")
    matching, total = scores.get("matching_score"), scores.get("trial_score")
    return RecordedPair(patient, trial, answers, matching, total, grade if grade in (0, 1, 2) else None)


def _answers(numbered: Mapping[str, Any], labels: Sequence[str]) -> tuple[RecordedAnswer | None, ...]:
    """By number; a number that was left out is an answer of the wrong form."""
    count = max(map(int, numbered), default=-1) + 1
    return tuple(_answer(numbered.get(str(number)), labels) for number in range(count))


def _answer(raw: Any, labels: Sequence[str]) -> RecordedAnswer | None:
    if not isinstance(raw, list) or len(raw) != 3:
        return None
    explanation, sentences, label = raw
    sound = isinstance(explanation, str) and isinstance(sentences, list) and label in labels
    if not sound or not all(isinstance(number, int) for number in sentences):
        return None
    return RecordedAnswer(explanation, tuple(sentences), label)
