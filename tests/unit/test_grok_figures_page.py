"""The page of a grokking study: true sentences, tables that hold the numbers, and one file that needs no other."""

import base64
import csv
import re

import numpy as np
import pytest
from PIL import Image

from grok_results import Made, study
from winnow.grokking.figures import FIGURES, findings, page, summary_rows, write_animation, write_study_page
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.studies.result import RunRecord, StudyResult
from winnow.storage import write_json

BRANCHES = ("dense", "ticket", "reinit", "edge-popup", "dense+muon")


def hand_made(tmp_path, dense, ticket, *, search=10_000, splits=("a" * 64,) * 4, losses=()):
    """Four seeds with given t_gen; every run trained 5,000 steps, t_mem is 100 (dense) and 200 (ticket)."""
    records = [
        RunRecord(
            branch=branch, replicate=seed, memorised=memorised, generalised=at, steps=5000, seconds=2.0 + seed,
            search_steps=steps, split=splits[seed] if branch == "dense" else "a" * 64,
        )
        for branch, times, memorised, steps in (("dense", dense, 100, 0), ("ticket", ticket, 200, search))
        for seed, at in enumerate(times)
    ]  # fmt: skip
    curves = {
        ("dense", seed): {"train_loss": (np.array([0.0, 1.0]), np.array([1.0, value]))}
        for seed, value in enumerate(losses)
    }
    return StudyResult(folder=tmp_path, recipe=GrokRecipe(replicates=4), records=records, curves=curves)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A page with three of the figures: drawing all of them is the other file's."""
    result = study(tmp_path_factory.mktemp("page"), Made(branches=BRANCHES, replicates=2))
    write_json(result.folder / "environment.json", {"python": "3.11", "cores": 2})
    with pytest.MonkeyPatch.context() as patch:
        chosen = [kind for kind in FIGURES if kind.name in ("accuracy", "rates", "neuron_weights", "edge_popup")]
        patch.setattr(page, "FIGURES", tuple(chosen))
        path = write_study_page(result, "winnow grok run add-13 --replicates 2")
    return result, path.read_text()


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_medians_and_counts_of_branches_by_hand(tmp_path):
    result = hand_made(tmp_path, (4000, 3000, None, 2000), (400, 300, 500, None))
    dense, ticket = summary_rows(result)
    assert (dense["generalised"], dense["t_gen_median"], dense["t_gen_min"], dense["t_gen_max"]) == (
        "3 of 4",
        3500,
        2000,
        None,
    )
    assert (dense["tau_median"], dense["seconds_median"], dense["total_median"]) == (35, 3.5, 3500)
    assert (ticket["t_mem_median"], ticket["t_gen_median"], ticket["tau_median"]) == (200, 450, 2.25)
    assert (ticket["search_steps"], ticket["total_median"]) == (10_000, 10_450)


def test_no_median_where_half_of_the_seeds_never_generalised(tmp_path):
    result = hand_made(tmp_path, (None,) * 4, (400, 300, None, None))
    dense, ticket = summary_rows(result)
    assert dense["t_gen_median"] is ticket["t_gen_median"] is ticket["total_median"] is None
    said = " ".join(findings(result))
    assert "The dense network generalised in none of 4 seeds within 5,000 steps." in said
    assert "in 2 of 4 seeds within 5,000 steps; half or more never did, so there is no median, the soonest 300" in said


def test_the_ticket_is_told_with_the_cost_of_its_mask(tmp_path):
    found = findings(hand_made(tmp_path, (4000, 3000, 3000, 2000), (400, 300, 500, 1000)))
    assert found[0] == "The dense network generalised in 4 of 4 seeds, after a median of 3,000 steps (2,000 to 4,000)."
    assert found[1] == (
        "The ticket (k = 0.6) generalised in 4 of 4 seeds, after a median of 450 steps (300 to 1,000). It was sooner "
        "than dense in 4 of 4 seeds, dense's t_gen being a median of 8.0 times its own where it generalised (2.0 to "
        "10.0), at least 7 times sooner in 2. Its mask took 10,000 steps to find: with them it generalised after a "
        "median of 10,450 steps, 3.48 times the dense network's median."
    )
    assert "evaluations are 5 steps apart in the first thousand steps and 10 after" in " ".join(found)


def test_unequal_splits_and_broken_losses_are_said(tmp_path):
    times = (100,) * 4
    equal = " ".join(findings(hand_made(tmp_path, times, times)))
    assert "share one split" in equal and "not a number" not in equal
    odd = hand_made(
        tmp_path, times, times, splits=("a" * 64, "b" * 64, "a" * 64, "a" * 64), losses=(0.1, np.nan, 0.1, 0.1)
    )
    said = " ".join(findings(odd))
    assert "Branches of seed 1 were trained on different splits" in said
    assert "dense ended with a loss that is not a number in 1 of 4 seeds." in said


def test_the_page_needs_nothing_else_and_names_every_branch(written):
    result, text = written
    assert not re.findall(r"https?://|//[a-z]+\.", text)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources and all(source.startswith(("data:", "#")) for source in sources)
    assert all(f">{name}</th>" in text for name in BRANCHES)
    assert "winnow grok run add-13 --replicates 2" in text and "<dt>cores</dt>" in text
    assert all(run.split in text for run in result.records)
    assert "Not in this study" in text and "What the pruning rate does" in text


def test_the_page_holds_the_animation_and_it_is_small(written):
    result, text = written
    gif = result.folder / "figures" / "neurons.gif"
    assert base64.b64encode(gif.read_bytes()).decode() in text
    assert gif.stat().st_size < 1.5e6


def test_tables_hold_the_numbers_of_curves_and_records(written):
    result, _ = written
    steps, values = result.curves["reinit", 0]["test_accuracy"]
    other = result.curves["reinit", 1]["test_accuracy"][1]
    rows = rows_of(result.folder / "tables" / "figure_accuracy.csv")
    found = [float(row["y"]) for row in rows if row["series"] == "reinit" and "Test" in row["panel"]]
    both = min(len(values), len(other))
    np.testing.assert_allclose(found[:both], 100 * (values[:both] + other[:both]) / 2)
    runs = rows_of(result.folder / "tables" / "runs.csv")
    assert [int(row["generalised"]) for row in runs] == [run.generalised for run in result.records]
    assert [float(row["tau"]) for row in runs] == [run.ratio for run in result.records]
    assert len(steps) == len(values)
    assert {row["branch"] for row in rows_of(result.folder / "tables" / "edge_popup.csv")} >= {"dense", "edge-popup"}


def test_the_animation_has_a_frame_for_every_kept_step(tmp_path):
    result = study(tmp_path, Made(replicates=1))
    path = write_animation(result, tmp_path / "neurons.gif")
    kept = {*result.kept_steps("dense", 0), *result.kept_steps("ticket", 0)}
    assert path is not None
    with Image.open(path) as image:
        # Frames that are equal are one that stays longer.
        assert 2 <= getattr(image, "n_frames", 1) <= len(kept)


def test_no_animation_without_kept_weights(tmp_path):
    result = study(tmp_path, Made(replicates=1, kept=0))
    assert write_animation(result, tmp_path / "neurons.gif") is None
    assert not (tmp_path / "neurons.gif").exists()
