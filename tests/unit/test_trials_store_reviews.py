"""Reviews: what fits is kept once and in order, what does not is refused with its whole batch."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import store_cases as cases
from winnow.core import WinnowError
from winnow.trials.store import Review, Store, review_from

pytest_plugins = ("store_places",)

REVIEW = Review("P-1", "FICT9001", "accept", "Dr Test", "2024-06-02T10:00:00+00:00")


def test_reviews_come_back_in_order_and_once(store: Store) -> None:
    cases.begin(store)
    second = Review("P-1", "FICT9001", "override", "Dr Other", "", "FICT9001/i01", "met", "Seen in clinic.")
    assert store.put_reviews([REVIEW, REVIEW]) == 1
    assert store.put_reviews([REVIEW, second]) == 1
    assert [one.reviewer for one in store.reviews("P-1")] == ["Dr Test", "Dr Other"]
    assert store.reviews(criterion_id="FICT9001/i01")[0].at > REVIEW.at
    assert store.reviews(trial_id="FICT9001", patient_id="P-2") == []
    assert len(store.audit_events("review")) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"decision": "maybe"},
        {"decision": "override"},
        {"decision": "override", "value": "met"},
        {"decision": "override", "reason": "Because."},
        {"value": "met"},
        {"reviewer": " "},
        {"at": "yesterday"},
        {"criterion_id": "FICT0001/i01"},
        {"patient_id": "P-9"},
        {"trial_id": "FICT0009"},
        {"value": 3},
        {"colour": "red"},
        {"reviewer": None},
    ],
    ids=str,
)
def test_a_review_that_does_not_fit_is_refused_with_its_batch(store: Store, change: dict[str, Any]) -> None:
    cases.begin(store)
    raw = {"patient_id": "P-1", "trial_id": "FICT9001", "decision": "accept", "reviewer": "Dr Test", **change}
    with pytest.raises(WinnowError, match=r"^WN-L08 "):
        store.put_reviews([REVIEW, review_from(raw)])
    assert store.reviews() == []


def test_a_review_without_its_reviewer_is_refused() -> None:
    with pytest.raises(WinnowError, match=r"^WN-L08 "):
        review_from({"patient_id": "P-1", "trial_id": "FICT9001", "decision": "accept"})
    with pytest.raises(WinnowError, match=r"^WN-L08 "):
        review_from(["accept"])


def test_importing_trials_loads_no_database() -> None:
    code = "import sys, winnow, winnow.trials; assert 'sqlalchemy' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
