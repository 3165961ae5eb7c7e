"""`winnow tickets analyse` and `compare` on real runs of digits."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from winnow.cli import main
from winnow.core import Step
from winnow.recipes import lenet_digits
from winnow.storage import RunFolder
from winnow.tickets import analyse, find
from winnow.tickets.analysis import Analysis
from winnow.tickets.levels import LevelFolder

SHORT: dict[str, Any] = {"levels": 2, "steps": Step(60), "evaluate_every": 20, "replicates": 3, "controls": ("reinit",)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> list[RunFolder]:
    root = tmp_path_factory.mktemp("runs")
    recipes = [lenet_digits(**SHORT), replace(lenet_digits(**SHORT), score="random")]
    return [find(recipe, out=root / recipe.score) for recipe in recipes]


def rows_of(run: RunFolder, table: str) -> list[dict[str, Any]]:
    return pq.read_table(run.path / "analysis" / "tables" / f"{table}.parquet").to_pylist()


@pytest.fixture(scope="module")
def analyses(runs: list[RunFolder]) -> list[Analysis]:
    """Of both runs; only the first one's is written, as drawing takes the time."""
    written = analyse(runs[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("winnow.tickets.analysis.write_analysis", lambda *_: Path("page"))
        return [written, analyse(runs[1])]


@pytest.fixture(scope="module")
def analysed(runs: list[RunFolder], analyses: list[Analysis]) -> RunFolder:
    return runs[0]


def test_tables_figures_and_a_page_that_stands_alone_are_written(analysed: RunFolder) -> None:
    html = (analysed.path / "analysis" / "analysis.html").read_text()
    assert "http://" not in html and "https://" not in html and "Jaccard" in html
    names = {file.stem for file in (analysed.path / "analysis" / "figures").glob("*.png")}
    assert {"start_weights", "moved_weights", "unit_connectivity", "overlap", "savings"} <= names
    tables = {file.stem for file in (analysed.path / "analysis" / "tables").glob("*.csv")}
    assert tables == {"savings", "weights", "histograms", "units", "layers", "overlap"}


def test_the_command_again_gives_the_same_bytes_and_one_object(
    runs: list[RunFolder], analyses: list[Analysis], capsys: pytest.CaptureFixture[str]
) -> None:
    before = analyses[0].page.read_bytes()
    assert main(["tickets", "analyse", str(runs[0].path), "--levels", "1", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert Path(answer["page"]).read_bytes() == before
    assert [level["level"] for level in answer["levels"]] == [0, 1, 2]
    assert len(answer["findings"]) == 4 and answer["notes"] == []


def test_savings_are_those_of_the_masks(analysed: RunFolder) -> None:
    parameters = 64 * 300 + 300 + 300 * 100 + 100 + 1000 + 10
    for row in rows_of(analysed, "savings"):
        mask = LevelFolder(analysed, row["level"]).ticket(row["replicate"]).mask
        left = parameters - (mask.total - mask.kept)
        assert (row["parameters"], row["parameters_left"]) == (parameters, left)
        assert row["compression"] == parameters / left
        # One multiply-add a weight: the speed-up is that of the weights alone.
        assert row["speed_up"] == mask.total / mask.kept
        ticket = LevelFolder(analysed, row["level"]).ticket(row["replicate"])
        assert row["test_accuracy_percent"] == pytest.approx(100 * ticket.manifest["results"]["test_accuracy"])


def test_magnitude_pruning_takes_small_start_weights_and_random_pruning_any(
    analyses: list[Analysis],
) -> None:
    ratios = []
    for found in analyses:
        rows = [row for row in found.tables["weights"] if row["level"] == 2 and row["layer"] == "fc1.weight"]
        ratios.append(math.fsum(row["near_zero_percent"] / row["near_zero_percent_all"] for row in rows) / len(rows))
    assert ratios[0] < 0.8 and ratios[1] == pytest.approx(1, abs=0.05)


def test_overlaps_are_those_of_every_pair_of_masks(analysed: RunFolder, analyses: list[Analysis]) -> None:
    rows = [row for row in rows_of(analysed, "overlap") if row["level"] == 1]
    assert len(rows) == 3 * 3
    for row in rows:
        one, other = (LevelFolder(analysed, 1).ticket(row[key]).mask for key in ("replicate", "other"))
        both = int((one[row["layer"]] & other[row["layer"]]).sum())
        either = int((one[row["layer"]] | other[row["layer"]]).sum())
        assert row["overlap"] == pytest.approx(both / either)
    # Random scores agree as far as chance goes.
    for row in analyses[1].tables["overlap"]:
        if row["layer"] != "output.weight":
            assert row["overlap"] == pytest.approx(row["expected"], abs=0.015)


def test_a_level_that_is_not_there_is_refused(runs: list[RunFolder], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tickets", "analyse", str(runs[0].path), "--levels", "7"]) == 2
    assert "WN-R06" in capsys.readouterr().err


def test_without_its_network_a_run_is_analysed_but_for_size_and_work(
    runs: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("winnow.tickets.analysis.material.model_of", _gone)
    monkeypatch.setattr("winnow.tickets.analysis.write_analysis", lambda *_: Path("page"))
    found = analyse(runs[1])
    assert all(row["compression"] is None and row["speed_up"] is None for row in found.tables["savings"])
    assert len(found.findings) == 3 and "cannot be run here" in found.notes[0]


def _gone(*_: Any, **__: Any) -> Any:
    from winnow.core import WinnowError

    raise WinnowError("WN-M01", "cannot import it")


def test_the_comparison_of_two_runs(runs: list[RunFolder], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "side"
    words = ["tickets", "compare", *(str(run.path) for run in runs), "--branches", "ticket", "reinit"]
    assert main([*words, "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [run["label"] for run in answer["runs"]] == ["score magnitude", "score random"]
    assert answer["differences"] == {"score": ["magnitude", "random"]} and answer["notes"] == []
    assert len(answer["series"]) == 4 and len(answer["rows"]) == 2 * 3 + 2 * 2
    html = (out / "compare.html").read_text()
    assert "https://" not in html and f"--branches ticket reinit --out {out}" in html
    # Both runs begin with the same dense network: it is drawn once.
    assert html.count("dense</text>") == len(("early stop",))


def test_no_run_is_a_coded_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tickets", "compare", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "WN-A01"
    assert list(tmp_path.iterdir()) == []
