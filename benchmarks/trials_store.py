"""How fast answers go into a store and come out of it: `python benchmarks/trials_store.py [ADDRESS] [COUNT]`.

Without an address: a SQLite file in a temporary folder; `python tests/postgres_server.py` prints one for PostgreSQL
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from winnow.trials.answering import Answer, Quote
from winnow.trials.patients import Note, Patient
from winnow.trials.store import Given, Store, given, open_store

ENGINE, PATIENTS = "benchmark", 20


def main() -> None:
    """One line for each operation: wall time, this process's own time, both in seconds."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        place = sys.argv[1] if len(sys.argv) > 1 else str(Path(folder) / "winnow.db")
        with open_store(place) as store:
            measure(store, count)


def measure(store: Store, count: int) -> None:
    """Put, put again, get, verify; the patients are forgotten at the end, the audit stays."""
    patients = [Patient(f"bench-{n}", (Note("n", "SYNTHETIC. Metastatic."),)) for n in range(PATIENTS)]
    store.put_patients(patients)
    answers = [one for patient in patients for one in answers_of(patient, count // PATIENTS)]
    run = store.start_run(ENGINE, policy={}, inputs={}, versions={})
    for name in ("put", "put again"):
        timed(name, lambda: store.put_answers(run, ENGINE, None, answers))
    timed("get", lambda: sum(len(found(store, patient, answers)) for patient in patients))
    timed("verify", lambda: store.verify_audit() is None)
    for patient in patients:
        store.forget_patient(patient.patient_id)


def answers_of(patient: Patient, count: int) -> list[Given]:
    """Answers with one quote each."""
    quote = (Quote("n", 11, 21, "Metastatic"),)
    made = (Answer(f"{n:016x}", "yes", "answered", 0.9, quote, "It says so.", "rule:bench") for n in range(count))
    return [given(patient, "e" * 64, answer) for answer in made]


def found(store: Store, patient: Patient, answers: list[Given]) -> dict[Any, Answer]:
    """What the store holds of a patient's answers."""
    own = [one.key for one in answers if one.patient_id == patient.patient_id]
    return store.answers_for(patient.patient_id, ENGINE, own)


def timed(name: str, work: Callable[[], object]) -> None:
    """Do it and print how long it took."""
    wall, own = time.perf_counter(), time.process_time()
    result = work()
    print(f"{name:10} {result!s:>7} {time.perf_counter() - wall:6.2f} s, own {time.process_time() - own:6.2f} s")


if __name__ == "__main__":
    main()
