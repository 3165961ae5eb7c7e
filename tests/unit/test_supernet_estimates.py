"""Intervals, paired differences, effects, and sentences that follow from them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from winnow.supernet.studies.effects import effect_rows
from winnow.supernet.studies.estimates import Interval, Paired
from winnow.supernet.studies.measured import Measured
from winnow.supernet.studies.table import Network, arm_rows, network_rows
from winnow.supernet.studies.verdicts import effect_verdicts, verdicts


def test_an_interval_is_student_s() -> None:
    values = [0.61, 0.64, 0.60, 0.66, 0.63]
    found = Interval.of(values)
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert (found.count, found.mean) == (5, pytest.approx(0.628))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_an_interval_of_one_or_none_has_no_bounds() -> None:
    assert Interval.of([0.5, math.nan]) == Interval(1, 0.5)
    empty = Interval.of([])
    assert empty.count == 0
    assert empty.columns("x") == {"x_mean": None, "x_low": None, "x_high": None}
    assert Interval.of([0.5]).holds_zero is None


@pytest.mark.parametrize("higher", range(7))
@pytest.mark.parametrize("lower", range(4))
def test_the_sign_test_is_exact(higher: int, lower: int) -> None:
    paired = Paired(Interval.of([]), higher, 2, lower)
    expected = stats.binomtest(higher, higher + lower).pvalue if higher + lower else 1.0
    assert paired.sign_p == pytest.approx(expected)


def test_differences_are_of_shared_seeds() -> None:
    found = Paired.of({0: 0.5, 1: 0.75, 2: 0.6, 9: 0.1}, {2: 0.6, 1: 0.5, 0: 0.625, 4: 0.9})
    assert found.difference == Interval.of([-0.125, 0.25, 0.0])
    assert (found.higher, found.equal, found.lower) == (1, 1, 1)


def _networks(arm: str, values: list[float], row: str = "drawn", sparsity: float = 0.5) -> list[Network]:
    return [
        Network(
            arm,
            sparsity,
            seed,
            "accuracy",
            Measured(row, 10, 1, 9, 5, 0.5, 7, 4, 3, {"accuracy": 0.1}, {"accuracy": v}),
        )
        for seed, v in enumerate(values)
    ]


def test_verdicts_say_ahead_behind_and_tie() -> None:
    networks = [
        *_networks("two-in-one", [0.60, 0.61, 0.62]),
        *_networks("random-matched", [0.61, 0.60, 0.62]),
        *_networks("dense", [0.70, 0.71, 0.73]),
        *_networks("prune-then-search", [0.50, 0.52, 0.53]),
    ]
    tie, ahead, behind = verdicts(arm_rows(networks, "two-in-one"), "two-in-one")
    assert tie.startswith(
        "At sparsity 0.5, drawn, a random mask with matched layers ties with two-in-one: difference +0.00"
    )
    assert "(-2.48 to 2.48; higher on 1 of the seeds, lower on 1, level on 1, sign test p = 1.00)" in tie
    assert "the whole dense supernet is ahead of two-in-one: difference +10.33 points" in ahead
    assert "prune-then-search is behind two-in-one: difference -9.33 points" in behind


def test_arms_of_other_sparsities_and_rows_are_not_mixed() -> None:
    networks = [
        *_networks("two-in-one", [0.6], "retrained", 0.9),
        *_networks("two-in-one", [0.8], "drawn", 0.5),
        *_networks("dense-small", [0.7], "drawn", 0.5),
        *_networks("dense-small", [0.9], "retrained", 0.9),
    ]
    rows = arm_rows(networks, "two-in-one")
    found = {(r["arm"], r["sparsity"], r["row"]): r.get("difference_mean") for r in rows}
    assert found["dense-small", 0.5, "drawn"] == pytest.approx(-0.1)
    assert found["dense-small", 0.9, "retrained"] == pytest.approx(0.3)
    assert [r["sparsity"] for r in rows] == [0.5, 0.5, 0.9, 0.9]


def test_a_value_that_is_no_number_is_left_out_and_null() -> None:
    networks = [*_networks("two-in-one", [0.6, 0.7]), *_networks("dense", [math.nan, 0.9])]
    row = arm_rows(networks, "two-in-one")[1]
    assert (row["test_mean"], row["difference_mean"]) == (0.9, pytest.approx(0.2))
    assert [row["test"] for row in network_rows(networks)] == [0.6, 0.7, None, 0.9]


def test_effects_are_those_of_an_additive_table() -> None:
    """Value = 0.5 + 0.04 progressive + 0.02 reactivation + 0.01 retraining (+ a seed's own): each effect comes back."""
    networks = []
    for arm, gain in (("two-in-one", 0.06), ("no-progressive", 0.02), ("no-reactivation", 0.04), ("neither", 0.0)):
        for row, more in (("drawn", 0.0), ("retrained", 0.01)):
            networks += _networks(arm, [0.5 + gain + more, 0.6 + gain + more], row)
    rows = effect_rows(networks)
    assert [row["difference_mean"] for row in rows] == pytest.approx([0.04, 0.02, 0.01])
    assert all("helps" in sentence for sentence in effect_verdicts(rows))
    assert [row["seeds"] for row in effect_rows(networks[:-1])] == [1, 1, 1], "a seed with a gap does not count"
    assert effect_rows(networks[:3]) == []
