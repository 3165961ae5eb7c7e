"""Keyed triggers: drawn from the key alone, in the data's range, and judged by an exact test."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import comb, log2

import numpy as np
import pytest

from winnow.core import WinnowError
from winnow.signing.asking import triggers
from winnow.signing.asking.triggers import TriggerRule, joint_digest, trigger_set

KEY = bytes(range(32))
RULE = TriggerRule(100, 10, (2, 28, 20), (-0.5, 0.0), (2.5, 1.0))


def test_the_key_and_the_rule_decide_everything():
    again, other = trigger_set(KEY, RULE), trigger_set(bytes(32), RULE)
    first = trigger_set(KEY, RULE)
    assert np.array_equal(first.inputs, again.inputs)
    assert np.array_equal(first.labels, again.labels)
    assert first.digest() == again.digest() != other.digest()
    assert not np.array_equal(first.inputs, other.inputs)
    assert not np.array_equal(first.labels, other.labels)
    assert joint_digest([first, other]) != joint_digest([other, first])


def test_the_digest_covers_the_rule():
    assert trigger_set(KEY, RULE).digest() != trigger_set(KEY, replace(RULE, classes=11)).digest()


def test_pictures_are_blocks_in_the_range_of_each_channel():
    made = trigger_set(KEY, RULE)
    assert made.inputs.shape == (100, 2, 28, 20)
    assert made.inputs.dtype == np.float32
    assert set(np.unique(made.inputs[:, 0])) == {-0.5, 2.5}
    assert set(np.unique(made.inputs[:, 1])) == {0.0, 1.0}
    # Seven blocks of four rows each: within a block nothing changes.
    blocks = made.inputs.reshape(100, 2, 7, 4, 20)
    assert (blocks == blocks[:, :, :, :1]).all()
    assert 0.45 < (made.inputs[:, 1] == 1.0).mean() < 0.55


def test_pictures_smaller_than_the_grid_and_vectors():
    small = trigger_set(KEY, TriggerRule(5, 2, (1, 3, 3), (0.0,), (1.0,)))
    assert small.inputs.shape == (5, 1, 3, 3)
    vector = trigger_set(KEY, TriggerRule(5, 2, (64,), (0.0,), (1.0,), blocks=4))
    assert vector.inputs.shape == (5, 64)
    assert (vector.inputs.reshape(5, 16, 4) == vector.inputs.reshape(5, 16, 4)[:, :, :1]).all()


def test_labels_are_uniform():
    labels = trigger_set(KEY, TriggerRule(30_000, 3, (1,), (0.0,), (1.0,))).labels
    assert labels.min() == 0
    assert labels.max() == 2
    # Three standard deviations of a count are 245.
    assert abs(np.bincount(labels) - 10_000).max() < 300


def test_the_test_is_the_binomial_tail():
    labels = np.zeros(20, np.int64)
    answers = np.where(np.arange(20) < 9, 0, 7)
    hits = triggers.test_answers(labels, answers, 4)
    exact = sum(Fraction(comb(20, k) * 3 ** (20 - k), 4**20) for k in range(9, 21))
    assert (hits.hits, hits.total) == (9, 20)
    assert hits.log2_p == pytest.approx(log2(exact), rel=1e-9)


def test_a_network_that_says_one_thing_is_not_accused():
    # Over keys, hits of a constant answer follow Bin(100, 1/10): mean 10, deviation 3; of the mean over 200 keys, 0.21.
    rule = TriggerRule(100, 10, (4,), (0.0,), (1.0,))
    hits = [
        triggers.test_answers(trigger_set(key.to_bytes(32, "big"), rule).labels, np.full(100, 3), 10).hits
        for key in range(200)
    ]
    assert abs(np.mean(hits) - 10) < 0.9
    assert 2.5 < np.std(hits) < 3.5


def test_what_is_no_class_is_a_miss_and_a_missing_answer_is_refused():
    assert triggers.test_answers([0, 1], [-1, 7], 2).hits == 0
    with pytest.raises(ValueError, match="answers"):
        triggers.test_answers([0, 1], [0], 2)


def test_the_rule_survives_json():
    assert TriggerRule.from_plain({**RULE.to_plain(), "later": 1}) == RULE


@pytest.mark.parametrize(
    "change",
    [
        {"count": 0},
        {"count": 10**9},
        {"count": True},
        {"count": 2.0},
        {"classes": 1},
        {"input_shape": [2, 28]},
        {"input_shape": [2, 10**6, 10**6]},
        {"input_shape": [2, 0, 20]},
        {"low": [0.0]},
        {"high": [float("nan"), 1.0]},
        {"low": [2.5, 0.0]},
        {"blocks": 0},
        {"high": None},
    ],
)
def test_a_rule_that_makes_no_triggers_is_refused(change):
    with pytest.raises(WinnowError) as caught:
        TriggerRule.from_plain({**RULE.to_plain(), **change})
    assert caught.value.code == "WN-O02"
