"""The store: everything that outlasts a run, behind one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from winnow.trials.answering import Answer
from winnow.trials.composition import Composed
from winnow.trials.composition.question import Question
from winnow.trials.patients import Note, Patient
from winnow.trials.registry import Trial
from winnow.trials.store import address, answers, chain, charts, origin, pool, reviews, runs, schema
from winnow.trials.store.answers import Given, Key
from winnow.trials.store.chain import Event, Head
from winnow.trials.store.charts import Imported
from winnow.trials.store.documents import day_text
from winnow.trials.store.failures import coded
from winnow.trials.store.ledger import Ledger
from winnow.trials.store.reviews import Review
from winnow.trials.store.runs import Run, Snapshot


def open_store(url_or_path: str | Path, operator: str | None = None, *, create: bool = True) -> Store:
    """Open a store, making its tables when they are missing.

    Args:
        url_or_path: a SQLite file, `sqlite:///file`, or `postgresql://user@host/database`.
        operator: who is at work, for the audit; the system's user name when None.
        create: make a SQLite file that is missing; else it is an error, and nothing is made.

    Raises:
        WinnowError: WN-L07 when the address is none, there is no file and none shall be made, the server does not
            answer, its driver is missing, the file is no database of ours, or its tables are newer than this Winnow.
    """
    engine, place = address.connect(url_or_path, create)
    try:
        with coded(place), address.writing(engine) as connection:
            schema.prepare(connection)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, place, operator or origin.user())


class Store(Ledger):
    """Patients, notes, trials, answers, runs, reviews and the audit.

    Every method is one transaction, and writers come one after another, also of different processes: after a kill -9
    the database holds each call's whole effect or none. Each raises WN-L07 when the database fails.
    """

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put_patients(self, patients: Iterable[Patient], merge: bool = False) -> Imported:
        """Make the stored charts equal to these; idempotent.

        Notes that are gone are withdrawn, or with `merge` kept. Old versions stay for what quotes them.
        """
        counts = Imported()
        with self._writing() as connection:
            for patient in patients:
                own, events = charts.put(connection, patient, self.operator, merge)
                chain.append(connection, events)
                counts += own
        return counts

    def patients(self, ids: Sequence[str] | None = None) -> list[Patient]:
        """The patients of these ids, or all, in order of id; WN-L03 when one is missing."""
        with self._reading() as connection:
            charts.require(connection, ids or ())
            return charts.find(connection, ids)

    def note_version(self, patient_id: str, note_id: str, digest: str) -> Note:
        """The version of a note whose text has this SHA-256, current or not; WN-L03 when there is none."""
        with self._reading() as connection:
            return charts.note_version(connection, patient_id, note_id, digest)

    def forget_patient(self, patient_id: str) -> None:
        """Remove a patient's notes, answers, snapshots and reviews. The audit keeps its digests, and says so."""
        with self._writing() as connection:
            charts.require(connection, [patient_id])
            charts.forget(connection, patient_id)
            chain.append(connection, [Event("forget", self.operator, patient_id=patient_id)])

    def put_trials(self, trials: Iterable[Trial]) -> Imported:
        """Add trials, or replace those that changed; idempotent."""
        with self._writing() as connection:
            counts, events = pool.put(connection, trials, self.operator)
            chain.append(connection, events)
        return counts

    def trials(self, ids: Sequence[str] | None = None) -> list[Trial]:
        """The trials of these ids, or all, in order of id; WN-L03 when one is missing."""
        with self._reading() as connection:
            return pool.find(connection, ids)

    def put_composed(self, composed: Iterable[Composed]) -> None:
        """Note which questions decide which criterion, so that `history` finds a criterion's answers."""
        with self._writing() as connection:
            pool.put_composed(connection, composed)

    def questions(self, ids: Sequence[str] | None = None) -> dict[str, Question]:
        """What was asked, by question id."""
        with self._reading() as connection:
            return pool.questions(connection, ids)

    def put_answers(self, run_id: str, engine: str, as_of: date | None, given: Iterable[Given]) -> int:
        """Store a batch of answers whole or not at all. Returns how many were new or different."""
        with self._writing() as connection:
            events = answers.put(connection, run_id, engine, as_of, list(given))
            chain.append(connection, events)
        return len(events)

    def answers_for(
        self, patient_id: str, engine: str, keys: Iterable[Key], unsettled: bool = False
    ) -> dict[Key, Answer]:
        """The stored answers among these keys. Those of status "error" or "not evaluated" are to be asked again, and
        come only with `unsettled`.
        """
        with self._reading() as connection:
            return answers.find(connection, patient_id, engine, keys, unsettled)

    def answer_for(self, patient_id: str, question_id: str, engine: str, evidence: str) -> Answer | None:
        """One stored answer; None when it has to be asked."""
        key = Key(question_id, evidence)
        return self.answers_for(patient_id, engine, [key]).get(key)

    def start_run(
        self,
        engine: str,
        as_of: date | None = None,
        *,
        policy: Mapping[str, Any],
        inputs: Mapping[str, str],
        versions: Mapping[str, str],
        kind: str = "match",
        follows: str | None = None,
    ) -> str:
        """Begin a run and write it to the audit. Returns its id.

        Args:
            engine: the engine's name.
            as_of: the day it looks from.
            policy: thresholds, weights, what counts as absent: whatever decides beside the answers.
            inputs: SHA-256 of each input, by a name that holds no personal data.
            versions: of Winnow, of the encoder, of whatever answers.
            kind: "match" or "rescreen".
            follows: the run that a re-screening is compared with.
        """
        details = {"policy": dict(policy), "inputs": dict(inputs), "versions": dict(versions)}
        with self._writing() as connection:
            run = runs.start(connection, Run("", kind, engine, as_of, self.operator, details, follows, ""))
            facts = {"kind": kind, "engine": engine, "as_of": day_text(as_of), "follows": follows, **details}
            chain.append(connection, [Event("run started", self.operator, facts, run_id=run.run_id)])
        return run.run_id

    def finish_run(self, run_id: str, outcome: str = "finished", counts: Mapping[str, Any] | None = None) -> Head:
        """End a run. Returns the audit's head: kept elsewhere, it proves later that nothing up to here was altered."""
        with self._writing() as connection:
            runs.find(connection, run_id)
            facts = {"outcome": outcome, "counts": dict(counts or {})}
            head = chain.append(connection, [Event("run finished", self.operator, facts, run_id=run_id)])
            runs.finish(connection, run_id, outcome, head)
        return head

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with self._reading() as connection:
            return runs.find(connection)

    def put_snapshots(self, run_id: str, snapshots: Iterable[Snapshot]) -> None:
        """Keep what a run said of each pair."""
        with self._writing() as connection:
            runs.put_snapshots(connection, run_id, snapshots)

    def snapshots(self, run_id: str | None = None, patient_id: str | None = None) -> list[Snapshot]:
        """What runs said, oldest run first."""
        with self._reading() as connection:
            return runs.snapshots(connection, run_id, patient_id)

    def put_reviews(self, given: Iterable[Review]) -> int:
        """Store reviews, all or none; idempotent. Returns how many were new; WN-L08 when one does not fit."""
        with self._writing() as connection:
            events = reviews.put(connection, given)
            chain.append(connection, events)
        return len(events)

    def reviews(
        self, patient_id: str | None = None, trial_id: str | None = None, criterion_id: str | None = None
    ) -> list[Review]:
        """The reviews of a patient, trial or criterion, in the order they were stored: the last one stands."""
        with self._reading() as connection:
            return reviews.find(connection, patient_id, trial_id, criterion_id)
