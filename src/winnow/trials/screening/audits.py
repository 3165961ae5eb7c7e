"""The audit checked and told, and reviews taken in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.trials.store import Event, Review, Store, review_from


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        events: how many there are.
        broken_at: position of the first event that does not fit the chain; None when it is whole.
        reviews: reviews that were new.
        history: one row an event of the asked patient or criterion.
    """

    events: int
    broken_at: int | None
    reviews: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was altered."""
        return self.broken_at is None


def audit_store(
    store: Store,
    reviews: Path | None = None,
    export: Path | None = None,
    patient_id: str = "",
    criterion_id: str = "",
) -> Audit:
    """Verify the chain; take in reviews; write the audit; tell a history. Each part only when asked for.

    Raises:
        WinnowError: WN-L08 for reviews that do not fit: then none is taken.
    """
    broken = store.verify_audit()
    taken = store.put_reviews(read_reviews(reviews)) if reviews else 0
    if export:
        store.export_audit(export)
    told = store.history(patient_id, criterion_id=criterion_id or None) if patient_id else []
    return Audit(store.audit_head().position, broken, taken, [_row(event) for event in told])


def read_reviews(path: Path) -> list[Review]:
    """The reviews of a file that a worklist's page exported.

    Raises:
        WinnowError: WN-L08 when it is none.
    """
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise WinnowError("WN-L08", "it cannot be read as JSON", where=path.name) from error
    if not isinstance(found, dict) or not isinstance(found.get("reviews"), list):
        raise WinnowError("WN-L08", "it holds no reviews", where=path.name, fix="Export them from a worklist's page.")
    return [review_from(one) for one in found["reviews"]]


def overrides_of(store: Store) -> dict[tuple[str, str], str]:
    """The outcome that reviewers gave, by patient and criterion; the last review counts, an acceptance gives none."""
    latest = {(r.patient_id, r.criterion_id): r for r in store.reviews() if r.criterion_id}
    return {(patient, criterion): r.value for (patient, criterion), r in latest.items() if criterion and r.value}


def _row(event: Event) -> dict[str, Any]:
    facts = event.facts
    said = facts.get("decision") or facts.get("value") or facts.get("outcome") or ""
    return {
        "position": event.position,
        "at": event.at,
        "kind": event.kind,
        "who": event.actor,
        "criterion": event.criterion_id or "",
        "question": event.question_id or "",
        "said": str(said),
    }
