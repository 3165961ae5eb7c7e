"""Runs side by side: labels, warnings, series, dense networks, and what is refused."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from winnow.core import WinnowError, plain
from winnow.reports import theme
from winnow.storage import Metric, RunFolder, write_part
from winnow.tickets.comparison.comparing import compare
from winnow.tickets.comparison.figures import comparison_figure
from winnow.tickets.comparison.labels import differences, run_labels
from winnow.tickets.comparison.result import Comparison
from winnow.tickets.comparison.warnings import warnings_of
from winnow.tickets.recipe import FindRecipe

DATA = {"name": "digits", "fingerprint": "d" * 64, "images": {"train": 9, "validation": 5, "test": 4}}


def header(data: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {"recipe": plain(FindRecipe(name="lenet", **changes)), "data": data or DATA}


def made_run(folder: Path, accuracies: dict[str, list[float]], *, done: int | None = None, **changes: Any) -> RunFolder:
    """A run whose ticket (and controls, from level 1) has these test accuracies level by level."""
    head = header(levels=len(accuracies["ticket"]) - 1, **changes)
    run = RunFolder.create(folder, run_id=folder.name.ljust(64, "0"), header=head)
    finished = len(accuracies["ticket"]) if done is None else done
    for level in range(finished):
        rows = []
        for branch, values in accuracies.items():
            if level or branch == "ticket":
                for replicate in (0, 1):
                    rows += trained(replicate, branch, level, values[level] + 0.001 * replicate)
        write_part(run.metrics, f"level-{level:02d}", rows)
        run.level(level).mkdir()
        (run.level(level) / "done.json").write_text(json.dumps({"level": level}))
    return run


def trained(replicate: int, branch: str, level: int, top: float) -> list[Metric]:
    rows = [Metric(replicate, branch, level, 0, "mask", "density", 0.8**level)]
    for step, loss, accuracy in ((0, 2.0, 0.1), (100, 0.5, top), (200, 0.7, top - 0.01)):
        place = (replicate, branch, level, step)
        rows += [
            Metric(*place, "validation", "loss", loss),
            Metric(*place, "validation", "accuracy", accuracy),
            Metric(*place, "test", "accuracy", accuracy),
        ]
    return rows


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunFolder]:
    root = tmp_path_factory.mktemp("runs")
    return [
        made_run(root / "a", {"ticket": [0.95, 0.96, 0.94], "reinit": [0, 0.93, 0.92]}),
        made_run(root / "b", {"ticket": [0.95, 0.95, 0.91]}, score="snip", rounds="at-start"),
        made_run(root / "c", {"ticket": [0.97, 0.97, 0.97], "reinit": [0, 0.9, 0.9]}, learning_rate=0.1, done=2),
    ]


@pytest.fixture(scope="module")
def compared(runs: list[RunFolder], tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(runs, branches=["ticket", "reinit"], out=tmp_path_factory.mktemp("out") / "side")


def test_labels_are_what_differs_from_most() -> None:
    headers = [header(), header(score="snip"), header(rewind="500it", learning_rate=0.1), header(levels=3)]
    assert run_labels(headers[:3], ["x", "y", "z"]) == ["lenet", "score snip", "learning_rate 0.1, rewind 500it"]
    assert run_labels(headers[:2], ["x", "y"]) == ["score magnitude", "score snip"]
    # How much was run tells runs apart only where nothing else does.
    assert run_labels([headers[0], headers[3]], ["x", "y"]) == ["levels 15", "levels 3"]
    assert run_labels([header(), header()], ["x", "y"]) == ["lenet (x)", "lenet (y)"]
    assert run_labels([header()], ["x"]) == ["lenet"]


def test_a_field_that_an_older_run_does_not_know_has_its_default() -> None:
    old = header()
    del old["recipe"]["momentum"]
    assert differences([old, header()]) == {}
    assert differences([old, header(momentum=0.8)]) == {"momentum": [0.9, 0.8]}


def test_paths_of_the_same_data_are_no_difference_and_other_data_are() -> None:
    assert differences([header(), {**header(), "recipe": {**header()["recipe"], "data": "elsewhere"}}]) == {}
    other = header({**DATA, "name": "mnist", "fingerprint": "e" * 64})
    assert differences([header(), other]) == {"data": ["digits (dddddddd)", "mnist (eeeeeeee)"]}
    assert run_labels([header(), other], ["x", "y"]) == ["data digits (dddddddd)", "data mnist (eeeeeeee)"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (header(), ""),
        (header({**DATA, "fingerprint": "e" * 64}), "not of the same test set"),
        (header({**DATA, "images": {"validation": 6}}), "5 examples for a; 6 examples for b"),
        (header(seed=3), "The seeds differ (0 for a; 3 for b)"),
        (header(evaluate_every=20), "evaluation intervals differ (100 for a; 20 for b)"),
        (header(model="resnet-20"), "networks differ (lenet-300-100 for a; resnet-20 for b)"),
        (header(batch=128), "a step is not the same amount of training"),
    ],
)
def test_what_cannot_be_compared_is_said(other: dict[str, Any], said: str) -> None:
    found = warnings_of([header(), other], ["a", "b"])
    assert len(found) == bool(said) and said in "".join(found)


def test_every_run_and_branch_is_a_series_with_its_numbers(compared: Comparison) -> None:
    assert [line.label for line in compared.lines] == [
        "lenet: ticket",
        "lenet: reinit",
        "score snip, rounds at-start: ticket",
        "learning_rate 0.1: ticket",
        "learning_rate 0.1: reinit",
    ]
    rows = [row for row in compared.rows() if row["series"] == "lenet: reinit"]
    assert [(row["level"], row["run"]) for row in rows] == [(1, "lenet"), (2, "lenet")]
    assert rows[0]["test_accuracy_percent_mean"] == pytest.approx(93.05)
    assert rows[0]["early_stop_step_mean"] == 100
    assert rows[0]["final_test_accuracy_percent_max"] == pytest.approx(92.1)
    with (compared.page.parent / "tables" / "comparison.csv").open(newline="") as file:
        assert [row["series"] for row in csv.DictReader(file)] == [row["series"] for row in compared.rows()]


def test_the_overview_names_the_sparsest_level_and_the_sparsest_that_wins(compared: Comparison) -> None:
    first = compared.overview()[0]
    assert first["sparsest_percent"] == pytest.approx(64) and first["best_at_percent"] == pytest.approx(80)
    assert first["sparsest_winning_percent"] == pytest.approx(80)
    assert compared.overview()[1]["sparsest_winning_percent"] is None


def test_dense_networks_that_measured_the_same_are_one(compared: Comparison) -> None:
    assert [dense.run for dense in compared.denses] == [0, 2]


def test_unfinished_runs_and_missing_branches_are_told(compared: Comparison) -> None:
    assert compared.notes == [
        "score snip, rounds at-start: it has no branch reinit.",
        "learning_rate 0.1: 2 of 3 levels have finished; those are shown.",
    ]


def test_the_page_stands_alone_and_tells_figure_numbers_and_differences(compared: Comparison) -> None:
    html = compared.page.read_text()
    assert "http://" not in html and "https://" not in html and "<script" not in html
    assert html.count("<figure>") == 1 and "Before you compare" in html
    assert "learning_rate" in html and "at-start" in html and "2 of 3 levels have finished" in html
    assert {file.name for file in (compared.page.parent / "figures").iterdir()} == {"comparison.png", "comparison.svg"}


def test_the_figure_has_a_panel_per_measure_and_dashed_dense_lines(compared: Comparison) -> None:
    figure = comparison_figure(compared.lines, compared.denses, ["early-stop", "accuracy"])
    assert [axes.get_ylabel() for axes in figure.axes] == ["Early-stop step", "Test accuracy at early stop (%)"]
    axes = figure.axes[1]
    assert len(axes.containers) == 5  # min-max bars
    dense = [line for line in axes.lines if np.array_equal(line.get_xdata(), [0, 1])]
    assert [np.ravel(line.get_ydata())[0] for line in dense] == pytest.approx([95.05, 97.05])
    assert dense[0].get_color() == axes.lines[0].get_color() != dense[1].get_color()


def test_one_run_has_the_colours_that_its_branches_have_everywhere(runs: list[RunFolder], tmp_path: Path) -> None:
    found = compare(runs[:1], branches=["ticket", "reinit"], metric="accuracy", out=tmp_path)
    figure = comparison_figure(found.lines, found.denses, ["accuracy"])
    colours = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
    assert colours["ticket"] == theme.series_style("ticket").colour
    assert colours["reinit"] == theme.series_style("reinit").colour and colours["dense"] == theme.GREY


def test_a_dozen_series_all_look_different() -> None:
    assert len({theme.cycled(k) for k in range(12)}) == 12
    assert len({theme.crossed(row, column) for row in range(12) for column in range(3)}) == 36
    names = (
        "ticket",
        "reinit",
        "random",
        "shuffled",
        "at-init",
        "resampled",
        "signs",
        "noise-0.5",
        "noise-1",
        "noise-3",
    )
    assert len({theme.series_style(name, k) for k, name in enumerate(names)}) == len(names)


@pytest.mark.parametrize(
    ("chosen", "changes", "said"),
    [
        ([], {}, "WN-A01.*no run"),
        ([0, 1, 0], {}, "WN-A01.*twice"),
        ([0, 1], {"labels": ["one"]}, "WN-A01.*1 labels for 2 runs"),
        ([0, 1], {"branches": ["ticket", "signs"]}, "WN-A01.*branch signs"),
        ([0], {"branches": []}, "WN-A01.*no branch"),
        ([0], {"metric": "loss"}, "WN-C01"),
    ],
)
def test_what_makes_no_comparison_is_refused(
    runs: list[RunFolder], tmp_path: Path, chosen: list[int], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(WinnowError, match=said):
        compare([runs[number] for number in chosen], out=tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_a_run_reached_by_another_path_is_the_same_run(runs: list[RunFolder], tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(runs[0].path)
    with pytest.raises(WinnowError, match="twice"):
        compare([runs[0], link], out=tmp_path / "out")


def test_a_run_with_nothing_finished_is_refused(tmp_path: Path) -> None:
    empty = made_run(tmp_path / "empty", {"ticket": [0.9]}, done=0)
    with pytest.raises(WinnowError, match="WN-R05"):
        compare([empty], out=tmp_path / "out")
    with pytest.raises(WinnowError, match="WN-R05"):
        compare([tmp_path / "nowhere"], out=tmp_path / "out")


def test_comparing_needs_no_torch() -> None:
    code = "import sys, winnow.tickets.comparison.comparing; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
