"""`winnow trials import`."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_json
from winnow.cli.trials.options import DEFAULT_STORE, Operator, Patients, Store, Trials
from winnow.core import WinnowError


def import_files(
    *,
    patients: Patients = None,
    trials: Trials = None,
    store: Store = DEFAULT_STORE,
    merge: Annotated[
        bool, Parameter(help="Keep a patient's stored notes that are not among the given ones.", negative=())
    ] = False,
    operator: Operator = None,
    json: AsJson = False,
) -> None:
    """Read patients and trials into a store, and list what was not understood."""
    from winnow.trials.screening import import_files as into_store
    from winnow.trials.store import open_store

    if patients is None and trials is None:
        raise WinnowError("WN-C01", "nothing to import", fix="Give --patients, --trials or both.")
    with open_store(store, operator) as opened:
        found = into_store(opened, patients, trials, merge)
    facts = {
        "store": opened.place,
        "patients": len(found.patients),
        "notes": sum(len(patient.notes) for patient in found.patients),
        "trials": len(found.trials),
        "not_understood": list(found.unread),
    }
    print_json(facts) if json else _print(facts)


def _print(facts: dict[str, Any]) -> None:
    print(f"{facts['patients']} patients with {facts['notes']} notes and {facts['trials']} trials in {facts['store']}")
    for line in facts["not_understood"]:
        print(f"not understood: {line}")
