"""Files into the store, with a list of what was not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from winnow.trials.patients import Patient, read_patients
from winnow.trials.registry import Trial, read_trials
from winnow.trials.store import Store


@dataclass(frozen=True)
class Imports:
    """What was read.

    Attributes:
        patients, trials: as read.
        unread: what was not understood: "source: reason", never a note's words.
    """

    patients: Sequence[Patient] = ()
    trials: Sequence[Trial] = ()
    unread: Sequence[str] = ()


def import_files(
    store: Store, patients: Path | None = None, trials: Path | None = None, merge: bool = False
) -> Imports:
    """Read patients and trials and put them into the store; idempotent.

    Args:
        store: where to.
        patients: FHIR, a folder of notes, or a table; none when None.
        trials: ClinicalTrials.gov JSON, a folder, a table or plain text; none when None.
        merge: keep notes that the store has and `patients` has not: for new notes alone.

    Raises:
        WinnowError: WN-L01 or WN-L02 for a file that cannot be read at all.
    """
    charts = read_patients(patients) if patients else []
    reading = read_trials(trials) if trials else None
    store.put_patients(charts, merge=merge)
    if reading:
        store.put_trials(reading.trials)
    unread = [f"{patient.patient_id}: {one.source}: {one.reason}" for patient in charts for one in patient.unread]
    unread += [f"{one.source}: {one.reason}" for one in reading.unread] if reading else []
    return Imports(charts, reading.trials if reading else (), unread)
