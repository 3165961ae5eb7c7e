"""The store as the matcher's book of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from winnow.trials.answering import Answer, Asked
from winnow.trials.matching.questions import Key
from winnow.trials.patients import Patient
from winnow.trials.store import Key as StoredKey
from winnow.trials.store import Store, given


@dataclass
class StoreBook:
    """Answers of one run, kept as they come: a killed run asks only what is missing.

    Attributes:
        store: where to.
        run_id: the run that asks.
        patients: by id, for the digests of the quoted notes.
        as_of: the run's day.
    """

    store: Store
    run_id: str
    patients: Mapping[str, Patient]
    as_of: date | None

    def find(self, patient_id: str, engine: str, keys: Sequence[Key]) -> dict[Key, Answer]:
        """Those that are there; answers of status "error" are asked again."""
        found = self.store.answers_for(patient_id, engine, [StoredKey(*key) for key in keys])
        return {(key.question_id, key.evidence): answer for key, answer in found.items()}

    def keep(self, patient_id: str, engine: str, answers: Mapping[Key, Answer], asked: Mapping[Key, Asked]) -> None:
        """Keep a batch, all of it or none."""
        del asked
        patient = self.patients[patient_id]
        made = [given(patient, evidence, answer) for (_, evidence), answer in answers.items()]
        self.store.put_answers(self.run_id, engine, self.as_of, made)
