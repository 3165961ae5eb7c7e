"""The expert-annotated (patient, criterion) pairs: rows, labels and folds by patient."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from winnow.core import WinnowError

# The fact a criterion states, in three classes: trap 2 of the benchmark is that its six labels mix fact and wish.
FACT = {
    "included": "yes",
    "excluded": "yes",
    "not included": "no",
    "not excluded": "no",
    "not enough information": "unknown",
    "not applicable": "unknown",
}
CLASSES = ("yes", "no", "unknown")
DISQUALIFYING = ("not included", "excluded")
_NUMBER = re.compile(r"^(\d+)\. ")


@dataclass(frozen=True)
class AnswerRow:
    """One criterion put to one patient, with the expert's answer.

    Attributes:
        patient_id, trial_id, trial_title, kind, criterion: what was asked; kind is "inclusion" or "exclusion".
        sentences: the note's sentences without their numbers.
        label: the expert's six-way label.
        model_label: GPT-4's recorded six-way label.
        evidence: positions of the sentences the expert cites.
    """

    patient_id: str
    trial_id: str
    trial_title: str
    kind: str
    criterion: str
    sentences: tuple[str, ...]
    label: str
    model_label: str
    evidence: tuple[int, ...]

    @property
    def fact(self) -> str:
        """The label as an answer about the fact: "yes", "no" or "unknown"."""
        return FACT[self.label]


def read_answer_rows(path: Path) -> list[AnswerRow]:
    """The rows of a `criterion-answers.jsonl`, in order. The published field `training` is never read.

    Raises:
        WinnowError: WN-D01 when there is no such file, WN-D03 when a line lacks a field.
    """
    if not path.is_file():
        raise WinnowError("WN-D01", "no criterion answers here", where=path.name, fix="give criterion-answers.jsonl")
    try:
        return [_row(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]
    except (KeyError, ValueError) as error:
        raise WinnowError("WN-D03", f"a line without what is needed: {error}", where=path.name) from error


def patient_folds(rows: list[AnswerRow], folds: int, seed: int) -> list[np.ndarray]:
    """Positions of the rows of each fold; all rows of a patient fall into one fold."""
    patients = sorted({row.patient_id for row in rows})
    order = np.random.default_rng(seed).permutation(len(patients))
    fold_of = {patients[at]: place % folds for place, at in enumerate(order)}
    return [np.array([i for i, row in enumerate(rows) if fold_of[row.patient_id] == f]) for f in range(folds)]


def _row(raw: dict[str, str]) -> AnswerRow:
    return AnswerRow(
        patient_id=raw["patient_id"],
        trial_id=raw["trial_id"],
        trial_title=raw["trial_title"],
        kind=raw["criterion_type"],
        criterion=raw["criterion_text"] or "",  # one published row has none
        sentences=tuple(_NUMBER.sub("", line) for line in raw["note"].splitlines() if line.strip()),
        label=raw["expert_eligibility"],
        model_label=raw["gpt4_eligibility"],
        evidence=tuple(json.loads(raw["expert_sentences"])),
    )
