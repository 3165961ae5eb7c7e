"""What is measured, and what the three sentences say about it."""

import math

import pytest

from winnow.core import WinnowError
from winnow.reports import Spread
from winnow.storage import Metric, write_part
from winnow.tickets.findings import findings, winning_ticket
from winnow.tickets.summary import (
    LevelSummary,
    as_rows,
    layer_densities,
    summarise,
)


def evaluated(replicate, branch, level, curve, density=1.0):
    """Rows of one training; `curve` is (step, validation loss, test accuracy), validation accuracy 0.01 above test."""
    rows = [Metric(replicate, branch, level, 0, "mask", "density", density)]
    for step, loss, accuracy in curve:
        rows += [
            Metric(replicate, branch, level, step, "validation", "loss", loss),
            Metric(replicate, branch, level, step, "validation", "accuracy", accuracy + 0.01),
            Metric(replicate, branch, level, step, "test", "loss", 9 - loss),
            Metric(replicate, branch, level, step, "test", "accuracy", accuracy),
        ]
        if step:
            rows.append(Metric(replicate, branch, level, step, "train", "accuracy", accuracy + 0.02))
    return rows


def point(branch="ticket", level=0, *, density=100.0, steps=(1000,), accuracy=(0.97,)):
    """A level with the given early-stop steps and test accuracies, one per replicate."""
    stop, test = Spread.of(steps), Spread.of(accuracy)
    return LevelSummary(branch, level, density, len(accuracy), stop, test, test, test, test, 3000)


def test_early_stop_is_at_the_lowest_validation_loss_and_reports_test_accuracy_there(tmp_path):
    write_part(tmp_path, "a", evaluated(0, "ticket", 0, [(0, 2.0, 0.1), (100, 0.5, 0.8), (200, 0.7, 0.9)]))
    (level,) = summarise(tmp_path)
    assert level.early_stop_step.values == (100,)
    assert level.test_accuracy.mean == 0.8
    assert level.validation_accuracy.mean == pytest.approx(0.81)


def test_a_network_counts_once_its_mask_no_longer_changes(tmp_path):
    """Gradual pruning: at step 100 it was still dense, and better; the level's network is the one from 200 on."""
    curve = [(0, 2.0, 0.1), (100, 0.4, 0.95), (200, 0.7, 0.8), (300, 0.6, 0.85)]
    changes = [Metric(0, "ticket", 1, step, "mask", "density_now", d) for step, d in ((50, 0.9), (150, 0.2))]
    write_part(tmp_path, "a", [*evaluated(0, "ticket", 1, curve, 0.2), *changes])
    write_part(tmp_path, "b", evaluated(0, "ticket", 0, curve))
    dense, pruned = summarise(tmp_path)
    assert (dense.early_stop_step.mean, dense.test_accuracy.mean) == (100, 0.95)
    assert (pruned.early_stop_step.mean, pruned.test_accuracy.mean) == (300, 0.85)


def test_ties_in_validation_loss_go_to_the_first_step_whatever_the_order_of_the_rows(tmp_path):
    curve = [(300, 0.5, 0.9), (100, 0.5, 0.7), (200, 0.5, 0.8), (0, 2.0, 0.1)]
    write_part(tmp_path, "a", evaluated(0, "ticket", 0, curve))
    (level,) = summarise(tmp_path)
    assert (level.early_stop_step.mean, level.test_accuracy.mean) == (100, 0.7)


def test_a_loss_that_is_not_a_number_never_stops_training(tmp_path):
    write_part(
        tmp_path,
        "a",
        evaluated(0, "ticket", 0, [(0, 2.0, 0.1), (100, 1.0, 0.6), (200, math.nan, 0.9)]),
    )
    assert summarise(tmp_path)[0].early_stop_step.mean == 100


def test_each_replicate_stops_on_its_own_and_the_spread_is_min_to_max(tmp_path):
    write_part(tmp_path, "a", evaluated(0, "ticket", 1, [(0, 2.0, 0.1), (100, 0.5, 0.8)], 0.5))
    write_part(tmp_path, "b", evaluated(1, "ticket", 1, [(0, 2.0, 0.1), (300, 0.4, 0.9)], 0.7))
    (level,) = summarise(tmp_path)
    assert level.early_stop_step == Spread(200, 100, 300, (100, 300))
    assert level.test_accuracy.values == (0.8, 0.9)
    assert level.density_percent == pytest.approx(60)
    assert (level.replicates, level.final_step) == (2, 300)


def test_final_accuracies_are_those_of_the_last_step(tmp_path):
    curve = [(0, 2.0, 0.1), (100, 0.5, 0.9), (200, 0.8, 0.7)]
    write_part(tmp_path, "a", evaluated(0, "ticket", 0, curve))
    (level,) = summarise(tmp_path)
    assert level.final_test_accuracy.mean == 0.7
    assert level.final_train_accuracy.mean == pytest.approx(0.72)


def test_branches_come_ticket_reinit_random_others_and_the_trunk_stays_out(tmp_path):
    for branch in ("zeta", "trunk", "random", "reinit", "ticket"):
        write_part(tmp_path, branch, evaluated(0, branch, 1, [(0, 1.0, 0.5)], 0.8))
    write_part(tmp_path, "dense", evaluated(0, "ticket", 0, [(0, 1.0, 0.5)]))
    order = [(level.branch, level.level) for level in summarise(tmp_path)]
    assert order == [("ticket", 0), ("ticket", 1), ("reinit", 1), ("random", 1), ("zeta", 1)]


def test_a_control_without_a_density_has_that_of_its_ticket(tmp_path):
    write_part(tmp_path, "t", evaluated(0, "ticket", 2, [(0, 1.0, 0.5)], 0.64))
    write_part(tmp_path, "r", evaluated(0, "reinit", 2, [(0, 1.0, 0.5)])[1:])
    assert [level.density_percent for level in summarise(tmp_path)] == [64, 64]


def test_a_level_without_any_density_is_a_damaged_run(tmp_path):
    write_part(tmp_path, "t", evaluated(0, "ticket", 2, [(0, 1.0, 0.5)])[1:])
    with pytest.raises(WinnowError, match="WN-S03"):
        summarise(tmp_path)


def test_no_metrics_is_no_run(tmp_path):
    with pytest.raises(WinnowError, match="WN-R05"):
        summarise(tmp_path)


def test_rows_are_flat_in_percent_and_hold_none_for_what_was_not_measured(tmp_path):
    write_part(tmp_path, "t", evaluated(0, "ticket", 0, [(0, 1.0, 0.5)]))
    (row,) = as_rows(summarise(tmp_path))
    assert row["density_percent"] == 100
    assert (row["test_accuracy_percent_mean"], row["test_accuracy_percent_max"]) == (50, 50)
    assert row["early_stop_step_min"] == 0
    assert row["final_train_accuracy_percent_mean"] is None


def test_layers_are_listed_in_natural_order(tmp_path):
    names = ["conv10.weight", "conv2.weight"]
    rows = [Metric(r, "ticket", 1, 0, "mask", f"density/{n}", 0.4 + 0.2 * r) for n in names for r in (0, 1)]
    rows.append(Metric(0, "reinit", 1, 0, "mask", "density/other", 1.0))
    write_part(tmp_path, "t", rows)
    found = [(row["level"], row["layer"], round(row["density_percent"])) for row in layer_densities(tmp_path)]
    assert found == [(1, "conv2.weight", 50), (1, "conv10.weight", 50)]


def test_the_sparsest_winner_is_found_and_told_with_its_numbers():
    summary = [
        point(steps=(1000, 1200), accuracy=(0.970, 0.972)),
        point(level=1, density=80, steps=(900, 900), accuracy=(0.98, 0.98)),
        point(level=2, density=64, steps=(1000, 1100), accuracy=(0.975, 0.979)),
        point(level=3, density=51.2, steps=(1500, 1500), accuracy=(0.99, 0.99)),
    ]
    winner = winning_ticket(summary)
    assert winner is not None and winner.level == 2
    sentence = findings(summary)[0]
    assert sentence.startswith("A winning ticket was found with 64% of the weights remaining")
    assert "step 1,050 against 1,100" in sentence
    assert "97.70% test accuracy against 97.10%" in sentence
    assert "0.60 percentage points ahead; the ranges do not overlap" in sentence
    assert "on average over 2 replicates" in sentence


def test_a_draw_with_the_dense_network_wins():
    # The same three accuracies in another order: a naive sum would differ in the last bit.
    summary = [
        point(steps=(1, 1, 1), accuracy=(0.1, 0.2, 0.3)),
        point(level=1, density=80, steps=(1, 1, 1), accuracy=(0.3, 0.2, 0.1)),
    ]
    assert winning_ticket(summary) is summary[1]


@pytest.mark.parametrize(("steps", "accuracy"), [((1001,), (0.99,)), ((900,), (0.969,))])
def test_later_or_less_accurate_is_no_win(steps, accuracy):
    summary = [point(), point(level=1, density=80, steps=steps, accuracy=accuracy)]
    assert winning_ticket(summary) is None
    sentence = findings(summary)[0]
    assert sentence.startswith("No winning ticket was found")
    assert "(80% of the weights remaining)" in sentence
    assert sentence.endswith("in one replicate.")


def test_controls_are_compared_at_the_sparsest_level_that_both_have():
    summary = [
        point(),
        point(level=1, density=80, accuracy=(0.98,)),
        point(level=2, density=64, accuracy=(0.95,)),
        point(level=3, density=51.2, accuracy=(0.90,)),
        point("reinit", 1, density=80, accuracy=(0.90,)),
        point("reinit", 2, density=64, accuracy=(0.96,)),
        point("random", 1, density=80, accuracy=(0.97,)),
    ]
    _, reinit, random = findings(summary)
    assert "With 64%" in reinit and "95.00%" in reinit and "initial weights at step 1,000 with 96.00%" in reinit
    assert "the ticket is 1.00 percentage points behind" in reinit
    assert "With 80%" in random and "layer densities at step 1,000 with 97.00%" in random
    assert "1.00 percentage points ahead" in random


def test_different_numbers_of_replicates_are_told():
    summary = [point(), point(level=1, density=80), point("reinit", 1, density=80, accuracy=(0.9, 0.9, 0.9))]
    assert "on average over 1 and 3 replicates" in findings(summary)[1]


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ((0.97, 0.96), "at or above the lowest dense replicate (96.00%) at every level, down to 64% remaining"),
        ((0.97, 0.95), "holds down to 80% of the weights remaining and first falls below the lowest dense replicate"),
        (
            (0.95, 0.97),
            "is below the lowest dense replicate (96.00%) at 80% remaining (95.00%), the first pruned level",
        ),
    ],
)
def test_without_a_random_control_the_third_sentence_tells_how_far_accuracy_holds(accuracies, said):
    dense = point(steps=(1000, 1000), accuracy=(0.96, 0.98))
    first, second = (
        point(level=k + 1, density=100 * 0.8 ** (k + 1), steps=(1, 1), accuracy=(a, a))
        for k, a in enumerate(accuracies)
    )
    _, reinit, holding = findings([dense, first, second])
    assert reinit.startswith("No reinit control has finished")
    assert said in holding


def test_only_a_dense_network_promises_nothing():
    said = findings([point(accuracy=(0.97, 0.98))])
    assert len(said) == 3
    assert "97.50% test accuracy" in said[0] and "not known yet" in said[0]
    assert "not known yet" in said[2]


def test_a_run_without_its_dense_network_compares_nothing():
    said = findings([point(level=1, density=80)])
    assert said[0].startswith("The dense network has not been measured")
    assert winning_ticket([point(level=1, density=80)]) is None


def test_a_dense_network_that_was_still_improving_at_the_end_is_a_caution():
    tickets = [point(steps=(3000,)), point(level=1, density=80, steps=(3000,), accuracy=(0.98,))]
    assert "still falling at the last step" in findings(tickets)[0]
    turned = [point(steps=(2900,)), point(level=1, density=80, steps=(2900,), accuracy=(0.98,))]
    assert "still falling" not in findings(turned)[0]
