"""Tiers by rules, and the rules as JSON."""

from __future__ import annotations

import pytest

from winnow.core import WinnowError
from winnow.trials.composition import TierRules, compose, tier_of
from winnow.trials.criteria import Criterion


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("Histologically confirmed adenocarcinoma of the lung", 1),
        ("Locally advanced or metastatic disease", 2),
        ("Stage IIIB or IV", 2),
        ("Measurable disease by RECIST", 2),
        ("KRAS G12C mutation", 3),
        ("No prior chemotherapy", 3),
        ("Progressed on a previous platinum regimen", 3),
        ("ECOG performance status 0-1", 4),
        ("Willing to give consent", 4),
    ],
)
def test_a_tier(text: str, tier: int) -> None:
    assert tier_of(text) == tier


def test_a_trials_condition_is_the_disease() -> None:
    assert tier_of("Asthma for 2 years") == 4
    assert tier_of("Asthma for 2 years", ("Asthma",)) == 1


def test_an_excluded_disease_is_not_the_trials() -> None:
    assert tier_of("Histologically confirmed second cancer", kind="exclusion") == 4


def test_rules_from_json_change_the_tier() -> None:
    rules = TierRules.from_json({"disease": ["\\becog\\b"]})
    criterion = Criterion("T/i1", "T", "inclusion", "ECOG 0", 0, 6)
    assert compose(criterion).tier == 4
    assert compose(criterion, tiers=rules).tier == 1


@pytest.mark.parametrize("content", [{"colour": ["x"]}, {"stage": "x"}, {"stage": ["("]}, {"stage": [1]}])
def test_broken_rules_are_refused(content: dict[str, object]) -> None:
    with pytest.raises(WinnowError) as caught:
        TierRules.from_json(content)
    assert caught.value.code == "WN-C01"
