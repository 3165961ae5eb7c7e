"""Scoring: PRISM's thresholds and three scores on examples worked by hand, and what an unknown may never do."""

from __future__ import annotations

import pytest

from winnow.core import WinnowError
from winnow.trials.answering import Answer, Quote
from winnow.trials.answering.answer import STATUSES
from winnow.trials.composition import All, Any, Ask, AtLeast, Composed, Form, Negated, Question
from winnow.trials.criteria import Criterion
from winnow.trials.scoring import (
    Policy,
    Verdict,
    counting,
    decide,
    iterative,
    next_questions,
    ranked,
    standing,
    tier_counts,
    weighted,
)

OPEN_WORLD = Policy(closed_world=False)


FIRST: Form = Ask(0)


def composed(
    form: Form = FIRST,
    *,
    kind: str = "inclusion",
    tier: int = 1,
    names: tuple[str, ...] = ("a", "b", "c"),
    at: int = 1,
) -> Composed:
    criterion = Criterion(f"T/{kind[0]}{at:02d}", "T", kind, "text")
    return Composed(criterion, tuple(Question(f"Does the patient have {name}?", name) for name in names), form, tier)


def answers(one: Composed, *values: str) -> dict[str, Answer]:
    """Values by question: "yes", "no", or one of the open statuses."""
    found = {}
    for question, value in zip(one.questions, values, strict=False):
        if value in ("yes", "no"):
            given = Answer(question.question_id, value, "answered", float(value == "yes"), (Quote("n", 0, 1, "x"),))
        else:
            given = Answer(question.question_id, "n/a", value, 0.5)
        found[question.question_id] = given
    return found


def verdicts(*tiers: str) -> list[Verdict]:
    """One string a tier, a letter a criterion: m met, n not met, u unknown, x not applicable, a assumed."""
    outcome = {"m": "met", "a": "met", "n": "not met", "u": "n/a", "x": "n/a"}
    reason = {"m": "answered", "a": "not documented", "n": "answered", "u": "not documented", "x": "not applicable"}
    return [
        Verdict(f"T/{tier}{at}", "inclusion", tier, outcome[c], 0.5, reason[c], assumed=c == "a")
        for tier, letters in enumerate(tiers, start=1)
        for at, c in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("tiers", "by_counting", "by_iterative", "by_weight"),
    [
        (("mm", "m", "m", "m"), 1.0, 1.0, 1.0),
        (("uu", "u", "u", "u"), 0.0, 0.0, 0.0),
        (("mn", "m", "m", "m"), 4 / 5, 0.0, (4 * 0.5 + 3 + 2 + 1) / 10),
        (("mm", "mn", "mm", "mm"), 7 / 8, 2 / 8, (4 + 3 * 0.5 + 2 + 1) / 10),
        (("mu", "m", "mmmn", "m"), 6 / 8, 2 / 8, (4 * 0.5 + 3 + 2 * 0.75 + 1) / 10),
        (("m", "", "u", "m"), 2 / 3, 2 / 3, (4 + 0 + 1) / 7),
        (("", "", "", "mn"), 1 / 2, 0.0, 0.5),
        (("mx", "x", "", ""), 1.0, 1.0, 1.0),
        (("", "", "", ""), 0.0, 0.0, 0.0),
    ],
)
def test_the_three_scores_agree_with_examples_worked_by_hand(
    tiers: tuple[str, ...], by_counting: float, by_iterative: float, by_weight: float
) -> None:
    found = verdicts(*tiers)
    assert counting(found, Policy()) == pytest.approx(by_counting)
    assert iterative(found, Policy()) == pytest.approx(by_iterative)
    assert weighted(found, Policy()) == pytest.approx(by_weight)


def test_the_order_of_criteria_within_a_tier_changes_no_score() -> None:
    forward = verdicts("mnu", "mm", "un", "m")
    for score in (counting, iterative, weighted):
        assert score(forward, Policy()) == score(forward[::-1], Policy())


@pytest.mark.parametrize(
    ("chance", "outcome"), [(0.67, "met"), (0.66, "n/a"), (0.5, "n/a"), (0.34, "n/a"), (0.33, "not met")]
)
def test_the_thresholds_are_066_and_034_and_neither_is_included(chance: float, outcome: str) -> None:
    one = composed()
    answer = Answer(one.questions[0].question_id, "yes", "answered", chance, (Quote("n", 0, 1, "x"),))
    assert decide(one, {answer.question_id: answer}, Policy(soft=True)).outcome == outcome


@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
@pytest.mark.parametrize("value", ["yes", "no"])
def test_an_exclusion_criterion_is_met_when_its_fact_is_not(kind: str, value: str) -> None:
    one = composed(kind=kind)
    expected = "met" if (value == "yes") == (kind == "inclusion") else "not met"
    assert decide(one, answers(one, value), Policy()).outcome == expected


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "answered"])
@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
@pytest.mark.parametrize("form", [Ask(0), Negated(Ask(0)), All((Ask(0), Ask(1))), Any((Ask(0), Negated(Ask(1))))])
def test_an_open_answer_is_never_not_met(status: str, kind: str, form: Form) -> None:
    one = composed(form, kind=kind)
    for policy in (Policy(), OPEN_WORLD):
        assert decide(one, answers(one, status, status), policy).outcome != "not met"


@pytest.mark.parametrize("status", ["error", "not evaluated"])
def test_an_error_is_kept_apart_and_never_assumed_absent(status: str) -> None:
    one = composed(kind="exclusion")
    verdict = decide(one, answers(one, status), Policy())
    assert (verdict.outcome, verdict.reason, verdict.assumed) == ("n/a", status, False)
    assert decide(one, {}, Policy()).reason == "not evaluated"


def test_the_closed_world_is_for_exclusions_alone_and_says_so() -> None:
    exclusion, inclusion = composed(kind="exclusion"), composed()
    silent = answers(exclusion, "not documented")
    assert decide(exclusion, silent, Policy()) == Verdict("T/e01", "exclusion", 1, "met", 0.9, "not documented", True)
    assert decide(exclusion, silent, OPEN_WORLD).outcome == "n/a"
    assert decide(inclusion, silent, Policy()).outcome == "n/a"
    # "Excluded: no prior chemotherapy": what is not mentioned must not be taken as absent, for that would exclude.
    assert decide(composed(Negated(Ask(0)), kind="exclusion"), silent, Policy()).outcome == "n/a"


def test_what_does_not_apply_leaves_the_total_and_never_hurts() -> None:
    man = composed(Ask(0))
    verdict = decide(man, answers(man, "not applicable"), Policy())
    assert (verdict.outcome, verdict.reason, verdict.counts) == ("n/a", "not applicable", False)
    both = composed(All((Ask(0), Ask(1))))
    assert decide(both, answers(both, "yes", "not applicable"), Policy()).outcome == "met"
    excluded = composed(Any((Ask(0), Ask(1))), kind="exclusion")
    assert decide(excluded, answers(excluded, "no", "not applicable"), Policy()).outcome == "met"


@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
@pytest.mark.parametrize("form", [All(()), Any(())])
def test_a_criterion_that_asks_nothing_belongs_to_no_total(form: Form, kind: str) -> None:
    verdict = decide(composed(form, kind=kind, names=()), {}, Policy())
    assert (verdict.outcome, verdict.counts) == ("n/a", False)


def test_unknown_parts_are_marginalised() -> None:
    either = composed(Any((Ask(0), Ask(1), Ask(2))))
    verdict = decide(either, answers(either, *["not documented"] * 3), OPEN_WORLD)
    assert verdict.probability == pytest.approx(7 / 8)
    # Above the threshold, and yet nothing was found: only evidence decides.
    assert verdict.outcome == "n/a"
    three = composed(All((Ask(0), Ask(1), Ask(2))))
    assert decide(three, answers(three, "yes"), OPEN_WORLD).outcome == "n/a"
    assert decide(three, answers(three, "no"), OPEN_WORLD).outcome == "not met"
    assert decide(either, answers(either, "yes"), OPEN_WORLD).outcome == "met"
    two = composed(AtLeast(2, (Ask(0), Ask(1), Ask(2))))
    assert decide(two, answers(two, "yes", *["not documented"] * 2), OPEN_WORLD).probability == pytest.approx(0.75)


def test_more_conflicts_rank_lower_and_ties_break_by_id() -> None:
    made = [
        standing("P", "NCT3", verdicts("m", "m", "mu", "m"), Policy()),
        standing("P", "NCT2", verdicts("m", "m", "mn", "m"), Policy()),
        standing("P", "NCT1", verdicts("m", "m", "mu", "m"), Policy()),
    ]
    assert [s.trial_id for s in ranked(made)] == ["NCT1", "NCT3", "NCT2"]
    assert [s.summary for s in ranked(made)] == ["questions open", "questions open", "conflict found"]
    with pytest.raises(WinnowError, match="WN-C01"):
        ranked(made, "best")


def test_assumed_verdicts_are_counted_apart() -> None:
    first = tier_counts(verdicts("mma", "", "", ""))[0]
    assert (first.total, first.met, first.assumed, first.open) == (3, 3, 1, 0)


def test_what_to_ask_next_is_ordered_by_its_effect_on_the_score() -> None:
    stage = composed(names=("stage",), tier=1)
    marker = composed(names=("marker",), tier=3, at=2)
    done = composed(names=("age",), tier=4, at=3)
    trials = {"A": [stage, marker, done], "B": [stage, done]}
    given = answers(done, "yes") | answers(marker, "error")
    found = next_questions(trials, given, Policy())
    assert [n.question.statement for n in found] == ["stage", "marker"]
    # Weights 4, 2 and 1 in A, and 4 and 1 in B.
    assert found[0].effect == pytest.approx(4 / 7 + 4 / 5)
    assert found[0].trials == ("B", "A")
    assert [n.status for n in found] == ["not evaluated", "error"]


@pytest.mark.parametrize(
    "values", [{"prior": 2}, {"weights": [1, 2]}, {"weights": [1, 2, 3, -1]}, {"met_above": 0.1}, {"threshold": 0.5}]
)
def test_a_policy_that_makes_no_sense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(WinnowError, match="WN-C01"):
        Policy.of(values)
