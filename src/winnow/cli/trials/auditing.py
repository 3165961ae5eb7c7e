"""`winnow trials audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_json, print_table
from winnow.cli.trials.options import DEFAULT_STORE, Operator, Store
from winnow.core import plain

DAMAGED = 1


def audit(
    *,
    store: Store = DEFAULT_STORE,
    reviews: Annotated[Path | None, Parameter(help="Take in reviews that a worklist page exported.")] = None,
    export: Annotated[Path | None, Parameter(help="Write the audit as JSON lines.")] = None,
    patient: Annotated[str, Parameter(help="Tell the history of this patient.")] = "",
    criterion: Annotated[str, Parameter(help="Of this criterion alone.")] = "",
    operator: Operator = None,
    json: AsJson = False,
) -> int:
    """Check that nothing in the audit was altered, take in reviews, and tell who answered what, when and from where."""
    from winnow.trials.screening import audit_store
    from winnow.trials.store import open_store

    with open_store(store, operator, create=False) as opened:
        found = audit_store(opened, reviews, export, patient, criterion)
    if json:
        print_json({**plain(found), "whole": found.whole})
    else:
        print(f"{found.events} events, " + ("unbroken" if found.whole else f"BROKEN at position {found.broken_at}"))
        if reviews:
            print(f"{found.reviews} new reviews")
        if found.history:
            print_table(found.history, {name: name for name in found.history[0]})
    return 0 if found.whole else DAMAGED
