"""Figures of a grokking study: what is drawn is what was measured, and nothing is made up for what was not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_results import ALL_BRANCHES, PRUNABLE, Made, study
from winnow.grokking.branches.name import Branch
from winnow.grokking.figures import FIGURES, drawn_rows
from winnow.grokking.figures.accelerated import accelerators_figure
from winnow.grokking.figures.bands import Band, value_at
from winnow.grokking.figures.densities import densities_figure, density_rows
from winnow.grokking.figures.distances import adjacent_figure, matrix_figure
from winnow.grokking.figures.entropy import entropy_figure
from winnow.grokking.figures.families import by_rate, by_step, families
from winnow.grokking.figures.looks import looks
from winnow.grokking.figures.rates import no_decay_figure, rates_figure
from winnow.grokking.figures.supermasks import edge_popup_rows
from winnow.grokking.figures.times import Times, race
from winnow.grokking.figures.training import accuracy_figure, loss_figure
from winnow.grokking.figures.waves import waves_figure
from winnow.grokking.masks import magnitude_mask
from winnow.grokking.measures import authors_entropy, chance_distances, distance_matrices, neuron_rows
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.studies.result import RunRecord, StudyResult

ONE_OF_EACH = (
    *("dense", "ticket", "norm-l1", "reinit", "snip", "edge-popup", "ticket@4000", "ticket,k0.7"),
    *("dense,wd0", "ticket,k0.8,wd0", "dense+muon"),
)


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return study(tmp_path_factory.mktemp("rich"), Made(branches=ONE_OF_EACH))


def record(branch, replicate, generalised, *, memorised=100, steps=5000, search=0):
    return RunRecord(
        branch=branch, replicate=replicate, memorised=memorised, generalised=generalised, steps=steps, seconds=2.0,
        search_steps=search,
    )  # fmt: skip


def drawn(figure):
    assert figure is not None
    return figure


def series(figure, panel, name):
    rows = [row for row in drawn_rows(figure) if f" {panel}" in row["panel"] and row["series"] == name]
    return [row["x"] for row in rows], [math.nan if row["y"] is None else row["y"] for row in rows]


def test_a_band_is_median_and_range_an_ended_run_holds_and_a_seed_without_a_number_is_left_out():
    steps = np.array([0.0, 10.0, 20.0])
    curves = [
        (steps, np.array([1.0, 2.0, 9.0])),
        (steps[:2], np.array([3.0, 4.0])),
        (steps, np.array([5.0, np.nan, 0.0])),
    ]
    band = Band.of(curves)
    assert band.steps.tolist() == [0, 10, 20]
    assert band.median.tolist() == [3, 3, 4]
    assert band.low.tolist() == [1, 2, 0] and band.high.tolist() == [5, 4, 9]


def test_a_band_has_a_gap_where_no_seed_has_a_number():
    band = Band.of([(np.array([0.0, 1.0]), np.array([np.nan, 2.0]))])
    assert np.isnan(band.median[0]) and band.median[1] == 2


@given(st.lists(st.none() | st.integers(1, 1000), min_size=1, max_size=9))
def test_a_median_time_counts_runs_that_never_got_there_as_later_than_any(values):
    times = Times.of(values)
    ordered = sorted(math.inf if value is None else value for value in values)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    assert times.median == (middle if math.isfinite(middle) else None)
    assert times.reached == sum(value is not None for value in values)
    assert times.high == (max(values) if None not in values else None)


def test_a_race_is_seed_by_seed_and_a_run_that_never_generalised_gives_a_lower_bound(tmp_path):
    dense = [record("dense", seed, at) for seed, at in enumerate((1000, 2000, None, 900))]
    ticket = [record("ticket", seed, at) for seed, at in enumerate((100, 400, 500, None))]
    result = StudyResult(folder=tmp_path, recipe=GrokRecipe(), records=[*dense, *ticket])
    found = race(result, "ticket", "dense")
    assert (found.seeds, found.sooner, found.bounds) == (4, 3, 1)
    assert found.factors == (10, 5, 10) and found.median == 10 and found.at_least(7) == 2
    assert race(result, "dense", "ticket").sooner == 1


def test_every_branch_but_dense_and_ticket_is_in_exactly_one_family(tmp_path):
    result = study(tmp_path, Made(branches=ALL_BRANCHES, replicates=1, kept=0))
    names = [name for family in families(result).values() for name in family]
    assert sorted(names) == sorted(set(ALL_BRANCHES) - {"dense", "ticket"})
    assert by_rate(result)[0.6] == "ticket" and by_step(result)[30_000] == "ticket"
    assert by_rate(result, 0.0) == {k: f"ticket,k{k},wd0" for k in (0.7, 0.8, 0.9)}
    assert all(Branch.parse(name).at == step for step, name in by_step(result).items() if name != "ticket")


def test_twenty_branches_of_a_panel_look_different_and_only_dense_is_dashed():
    styles = looks(["dense", "ticket", *(f"other-{place}" for place in range(18))])
    assert len({(style.colour, style.line) for style in styles.values()}) == 20
    assert [name for name, style in styles.items() if style.line == "--"] == ["dense"]


def test_every_figure_is_drawn_where_its_branches_are_there(rich):
    assert [kind.name for kind in FIGURES if kind.function(rich) is None] == []


def test_figures_without_their_branches_or_weights_are_none(tmp_path):
    bare = study(tmp_path, Made(branches=("dense",), replicates=1, kept=0))
    assert [kind.name for kind in FIGURES if kind.function(bare) is not None] == [
        "accuracy", "accuracy_log", "loss", "norms",
    ]  # fmt: skip


def test_accuracy_is_drawn_as_measured_with_both_times_marked(tmp_path):
    result = study(tmp_path, Made(replicates=3, kept=0))
    figure = accuracy_figure(result)
    steps, values = result.curves["dense", 0]["test_accuracy"]
    rows = [result.curves["dense", seed]["test_accuracy"][1] for seed in range(3)]
    assert series(figure, "Test", "dense")[0] == steps.tolist() and len(values) == len(steps)
    np.testing.assert_allclose(series(figure, "Test", "dense")[1], 100 * np.median(rows, axis=0))
    np.testing.assert_allclose(series(figure, "Test", "dense max")[1], 100 * np.max(rows, axis=0))
    times = Times.of([run.generalised for run in result.of("ticket")])
    assert series(figure, "Test", "ticket t_gen") == ([times.median], [95])
    firsts = Times.of([run.memorised for run in result.of("dense")])
    assert series(figure, "Training", "dense t_mem") == ([firsts.median], [95])


def test_a_branch_that_never_generalises_has_no_time_and_stands_at_what_it_spent(tmp_path):
    result = study(tmp_path, Made(branches=("dense", "dense+muon"), never=("dense+muon",), kept=0))
    assert series(accuracy_figure(result), "Test", "dense+muon t_gen") == ([], [])
    figure = drawn(accelerators_figure(result))
    assert series(figure, "t_gen (steps)", "dense+muon never")[0] == [30_000, 30_000]
    assert series(figure, "t_gen (steps)", "dense+muon median") == ([], [])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["dense", "dense+muon  0/2"]


def test_a_loss_that_is_not_a_number_leaves_a_gap(tmp_path):
    result = study(tmp_path, Made(replicates=1, broken=("dense",), kept=0))
    steps, values = series(loss_figure(result), "Training loss", "dense")
    assert np.isnan(values).tolist() == [step > 20_000 for step in steps]


def test_rates_show_every_seeds_tau_and_lower_bounds_for_those_that_never_did(tmp_path):
    result = study(tmp_path, Made(branches=("dense", "ticket", "ticket,k0.7", "ticket,k0.9"), kept=0))
    figure = rates_figure(result)
    given_ = [(0.6, run.ratio) for run in result.of("ticket")] + [(0.7, run.ratio) for run in result.of("ticket,k0.7")]
    assert sorted(zip(*series(figure, "tau", "tau seeds"), strict=True)) == sorted(given_)
    bounds = [(0.9, run.steps / (run.memorised or 1)) for run in result.of("ticket,k0.9")]
    assert sorted(zip(*series(figure, "tau", "tau never"), strict=True)) == sorted(bounds)
    assert np.isnan(series(figure, "tau", "tau")[1][-1])


def test_without_weight_decay_dense_stands_at_zero(rich):
    points = series(no_decay_figure(rich), "Final", "seeds")
    ends = [100 * rich.curves["dense,wd0", seed]["test_accuracy"][1][-1] for seed in range(2)]
    assert [y for x, y in zip(*points, strict=True) if x == 0] == ends


def test_mask_distances_are_those_of_the_dense_networks_masks(tmp_path):
    result = study(tmp_path, Made(replicates=1))
    kept = result.kept_steps("dense", 0)
    masks = {step: magnitude_mask(result.weights("dense", 0, step), PRUNABLE, 0.6) for step in kept}
    square = distance_matrices(masks)
    figure = drawn(matrix_figure(result))
    cells = [row["value"] for row in drawn_rows(figure) if row["series"] == "Jaccard distance"]
    np.testing.assert_allclose(cells, square["all"].flatten())
    chance = [chance_distances(masks[step], masks[kept[-1]])["all"] for step in kept]
    assert series(figure, "last", "chance, same densities") == (kept, chance)
    adjacent = series(adjacent_figure(result), "embed", "Jaccard distance")
    np.testing.assert_allclose(adjacent[1], square["embed"].diagonal(1))


def test_entropy_is_the_measure_of_the_kept_weights(tmp_path):
    result = study(tmp_path, Made(replicates=1))
    steps, values = series(entropy_figure(result), "Authors", "ticket")
    assert steps == result.kept_steps("ticket", 0)
    expected = [float(authors_entropy(neuron_rows(result.weights("ticket", 0, int(step))))) for step in steps]
    np.testing.assert_allclose(values, expected)


def test_waves_are_for_modular_addition_alone(tmp_path):
    result = study(tmp_path, Made(replicates=1, task="subtract-13"))
    assert waves_figure(result) is None


def test_densities_are_the_masks(rich):
    mask = rich.mask("snip", 1)
    rows = {
        row["matrix"]: row["kept_percent"]
        for row in density_rows(rich)
        if (row["branch"], row["replicate"]) == ("snip", 1)
    }
    assert rows == {name: 100 * density for name, density in mask.densities().items()}
    assert rows["embed"] in series(densities_figure(rich), "embed", "snip")[0]


def test_the_edge_popup_table_by_hand(tmp_path):
    steps = np.array([0.0, 600.0, 1000.0, 1400.0])
    curves = {
        ("edge-popup", seed): {"test_accuracy": (steps, np.array([0.0, low, 0.5, 1.0]))}
        for seed, low in enumerate((0.2, 0.4))
    }
    records = [record("edge-popup", seed, 1200) for seed in range(2)]
    result = StudyResult(folder=tmp_path, recipe=GrokRecipe(), records=records, curves=curves)
    first, *_, last = edge_popup_rows(result)
    assert (first["step"], first["seeds"], first["min"], first["max"]) == (600, 2, 20, 40)
    assert first["mean"] == pytest.approx(30) and first["deviation"] == pytest.approx(math.sqrt(200))
    assert (last["step"], last["mean"], last["deviation"]) == (2000, 100, 0)
    assert value_at(result, "edge-popup", "test_accuracy", 700) == {0: 0.2, 1: 0.4}


def test_legends_of_many_branches_lie_inside_the_figure(tmp_path):
    names = [*ALL_BRANCHES[:20], *ALL_BRANCHES[-5:]]
    figure = drawn(accuracy_figure(study(tmp_path, Made(branches=names, replicates=1, kept=0))))
    figure.draw_without_rendering()
    legends = [legend for axes in figure.axes if (legend := axes.get_legend()) is not None]
    shown = {text.get_text() for legend in legends for text in legend.get_texts()}
    assert shown == set(names)
    for legend in legends:
        box = legend.get_window_extent()
        assert figure.bbox.x1 >= box.x1 and figure.bbox.y1 + 1 >= box.y1 and box.y0 >= -1
