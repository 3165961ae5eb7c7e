"""Rankings from what the store already holds, under any policy: nothing is asked again."""

from __future__ import annotations

from winnow.core import WinnowError
from winnow.trials.scoring import Policy, Standing, ranked
from winnow.trials.screening.snapshots import standings_of
from winnow.trials.store import Snapshot, Store


def rank_trials(store: Store, patient_id: str, policy: Policy, by: str = "weighted") -> list[Standing]:
    """Trials for a patient, best first, as the latest run on each pair saw them.

    Raises:
        WinnowError: WN-L03 when the patient was never matched.
    """
    latest = _latest(store.snapshots(patient_id=patient_id))
    return ranked(standings_of(_some(latest, patient_id), policy), by)


def rank_patients(store: Store, trial_id: str, policy: Policy, by: str = "weighted") -> list[Standing]:
    """Patients for a trial, best first, as the latest run on each pair saw them.

    Raises:
        WinnowError: WN-L03 when the trial was never matched.
    """
    latest = [one for one in _latest(store.snapshots()) if one.trial_id == trial_id]
    return ranked(standings_of(_some(latest, trial_id), policy), by)


def _latest(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Snapshots come oldest run first, so the last of a pair is the latest."""
    return list({(one.patient_id, one.trial_id): one for one in snapshots}.values())


def _some(snapshots: list[Snapshot], wanted: str) -> list[Snapshot]:
    if not snapshots:
        raise WinnowError("WN-L03", "no run has matched it yet", where=wanted, fix="`winnow trials match` first.")
    return snapshots
