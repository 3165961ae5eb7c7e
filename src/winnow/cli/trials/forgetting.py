"""`winnow trials forget`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_json
from winnow.cli.trials.options import DEFAULT_STORE, Operator, Store
from winnow.core import WinnowError


def forget(
    *,
    patient: Annotated[str, Parameter(help="Remove this patient's notes, answers and reviews from the store.")] = "",
    caches: Annotated[
        bool, Parameter(help="Empty the caches of language models' answers and of embeddings.", negative=())
    ] = False,
    store: Store = DEFAULT_STORE,
    operator: Operator = None,
    json: AsJson = False,
) -> None:
    """Remove a patient from the store, or empty the caches. Worklists on disk are yours to delete.

    The audit is append-only: it keeps the patient's id, offsets and digests, and that the patient was removed.
    """
    from winnow.language import AnswerCache, purge_embeddings
    from winnow.trials.store import open_store

    if not (patient or caches):
        raise WinnowError("WN-C01", "nothing to forget", fix="Give --patient, --caches or both.")
    if patient:
        with open_store(store, operator, create=False) as opened:
            opened.forget_patient(patient)
    removed = AnswerCache().purge() + purge_embeddings() if caches else 0
    facts = {"patient": patient or None, "cached_entries_removed": removed}
    print_json(facts) if json else print(f"forgotten: {patient or 'no patient'}; {removed} cached entries removed")
