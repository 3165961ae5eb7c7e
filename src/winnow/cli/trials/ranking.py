"""`winnow trials rank`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_json, print_table
from winnow.cli.trials.options import DEFAULT_STORE, PolicyFile, RankBy, Store, policy_of
from winnow.core import WinnowError


def rank(
    *,
    patient: Annotated[str, Parameter(help="Rank trials for this patient.")] = "",
    trial: Annotated[str, Parameter(help="Rank patients for this trial.")] = "",
    store: Store = DEFAULT_STORE,
    rank_by: RankBy = "weighted",
    policy: PolicyFile = None,
    json: AsJson = False,
) -> None:
    """Rank what was matched before, by another score or under other weights; nothing is asked again."""
    from winnow.trials.screening import rank_patients, rank_trials
    from winnow.trials.store import open_store

    if bool(patient) == bool(trial):
        raise WinnowError("WN-C01", "a patient or a trial is needed, and not both", fix="Give --patient or --trial.")
    chosen = policy_of(policy)
    with open_store(store, create=False) as opened:
        if patient:
            found = rank_trials(opened, patient, chosen, rank_by)
        else:
            found = rank_patients(opened, trial, chosen, rank_by)
    rows = [
        {
            "place": place,
            "patient": s.patient_id,
            "trial": s.trial_id,
            **s.scores,
            "conflicts": s.conflicts,
            "open": s.open,
            "standing": s.summary,
        }
        for place, s in enumerate(found, start=1)
    ]
    print_json({"ranked_by": rank_by, "rows": rows}) if json else print_table(rows, {k: k for k in rows[0]})
