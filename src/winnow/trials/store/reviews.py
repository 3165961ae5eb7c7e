"""Reviews: a person accepts what was answered, or overrides it with a reason."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from winnow.core import WinnowError, digest
from winnow.trials.store.canonical import canonical
from winnow.trials.store.chain import Event
from winnow.trials.store.origin import now
from winnow.trials.store.tables import PATIENTS, REVIEWS, TRIALS

ACCEPT, OVERRIDE = "accept", "override"
_OPTIONAL = ("criterion_id", "value")


@dataclass(frozen=True)
class Review:
    """One decision of a reviewer.

    Attributes:
        patient_id, trial_id: the pair.
        decision: "accept" or "override".
        reviewer: who.
        at: when, ISO 8601; the time of storing when "".
        criterion_id: the criterion; None for the trial as a whole.
        value: what it is overridden with ("met", "not met", "n/a"); None for an acceptance.
        reason: why; needed for an override.
        run_id: the run whose answer was looked at; "" when not told.
    """

    patient_id: str
    trial_id: str
    decision: str
    reviewer: str
    at: str = ""
    criterion_id: str | None = None
    value: str | None = None
    reason: str = ""
    run_id: str = ""


def review_from(raw: Any) -> Review:
    """A review of its JSON object.

    Raises:
        WinnowError: WN-L08 when a field is missing, unknown or no text.
    """
    names = [field.name for field in dataclasses.fields(Review)]
    if not isinstance(raw, Mapping) or not set(raw) <= set(names):
        raise WinnowError("WN-L08", "a review has other fields than it should", fix=f"They are {', '.join(names)}.")
    if not all(isinstance(value, str) for name, value in raw.items() if value is not None or name not in _OPTIONAL):
        raise WinnowError("WN-L08", "every field of a review is a text")
    try:
        return Review(**raw)
    except TypeError:
        needed = "patient_id, trial_id, decision and reviewer"
        raise WinnowError("WN-L08", "a review lacks a field", fix=f"It needs {needed}.") from None


def put(connection: Connection, reviews: Iterable[Review]) -> list[Event]:
    """Store reviews, in their order; one that is stored already is passed over. Returns an event for each new one.

    Raises:
        WinnowError: WN-L08 when one does not fit; then none is stored.
    """
    number = connection.execute(select(func.max(REVIEWS.c.number))).scalar() or 0
    known = set(connection.execute(select(REVIEWS.c.review_id)).scalars())
    events = []
    for review in reviews:
        _check(connection, review)
        review = dataclasses.replace(review, at=review.at or now())
        if (review_id := digest(review)) in known:
            continue
        known.add(review_id)
        number += 1
        ids = {name: getattr(review, name) for name in ("patient_id", "trial_id", "criterion_id")}
        row = {"review_id": review_id, "number": number, "document": canonical(review)}
        connection.execute(REVIEWS.insert().values(**row, **ids))
        facts = {name: getattr(review, name) for name in ("decision", "value", "reason", "at")}
        events.append(Event("review", review.reviewer, facts, run_id=review.run_id or None, **ids))
    return events


def find(
    connection: Connection, patient_id: str | None, trial_id: str | None, criterion_id: str | None
) -> list[Review]:
    """The reviews of a patient, trial or criterion, in the order they were stored."""
    wanted = {REVIEWS.c.patient_id: patient_id, REVIEWS.c.trial_id: trial_id, REVIEWS.c.criterion_id: criterion_id}
    conditions = [column == value for column, value in wanted.items() if value is not None]
    query = select(REVIEWS.c.document).where(*conditions).order_by(REVIEWS.c.number)
    return [Review(**json.loads(document)) for document in connection.execute(query).scalars()]


def _check(connection: Connection, review: Review) -> None:
    if fault := _fault(review):
        raise WinnowError("WN-L08", fault, where=review.criterion_id or review.trial_id)
    pairs = ((PATIENTS.c.patient_id, review.patient_id), (TRIALS.c.trial_id, review.trial_id))
    for column, value in pairs:
        if connection.execute(select(column).where(column == value).limit(1)).first() is None:
            raise WinnowError("WN-L08", f"the store holds no such {column.name.removesuffix('_id')}", where=value)


def _fault(review: Review) -> str:
    if review.decision not in (ACCEPT, OVERRIDE):
        return f"a review says {ACCEPT} or {OVERRIDE}"
    if not review.reviewer.strip():
        return "a review names its reviewer"
    if review.decision == OVERRIDE and not (review.value and review.reason.strip()):
        return "an override has a value and a reason"
    if review.decision == ACCEPT and review.value:
        return "an acceptance has no value of its own"
    if review.criterion_id and not review.criterion_id.startswith(f"{review.trial_id}/"):
        return "the criterion is not of this trial"
    try:
        datetime.fromisoformat(review.at or now())
    except ValueError:
        return "its time is not ISO 8601"
    return ""
