"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from winnow.cli import main
from winnow.recipes import lenet_digits
from winnow.tickets import find

TINY = ["--levels", "1", "--steps", "20it", "--evaluate-every", "10", "--replicates", "2"]


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(words)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    find(lenet_digits(levels=1, steps="20it", evaluate_every=10, replicates=2), out=folder)
    return folder


def test_find_prints_one_json_object_with_every_level_and_branch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tickets", "find", "lenet-digits", *TINY, "--out", str(tmp_path / "run"), "--json"]
    code, out, _ = run(words, capsys)
    result = json.loads(out)
    assert code == 0 and out.count("\n") == 1
    assert [level["level"] for level in result["levels"]] == [0, 1]
    assert result["levels"][0]["density_percent"] == 100
    assert set(result["levels"][1]["branches"]) == {"ticket", "reinit", "random"}
    ticket = result["levels"][1]["branches"]["ticket"]
    assert set(ticket) == {"replicates", "early_stop_step", "test_accuracy_percent"}
    assert ticket["early_stop_step"]["min"] <= ticket["early_stop_step"]["mean"] <= ticket["early_stop_step"]["max"]
    assert Path(result["report"]).read_text().startswith("<!doctype html>")
    assert "--levels 1" in Path(result["report"]).read_text()


def test_flags_give_the_recipe_that_python_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--rewind", "1ep", "--controls", "reinit", "--milestones", "5it", "10it", "--schedule", "step"]
    code, out, _ = run(["tickets", "find", "lenet-digits", *words, "--dry-run", "--json"], capsys)
    from winnow.tickets import prepare

    recipe = lenet_digits(rewind="1ep", controls=("reinit",), milestones=("5it", "10it"), schedule="step")
    described = json.loads(out)
    assert code == 0 and described["id"] == prepare(recipe).run_id
    assert described["recipe"]["milestones"] == ["5it", "10it"]


def test_a_dry_run_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["tickets", "find", "lenet-digits"], ["tour"]):
        code, out, _ = run([*command, "--dry-run"], capsys)
        assert code == 0 and "network_steps" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tickets", "find", "lenet-nothing"], "WN-R01"),
        (["tickets", "find", "lenet-digits", "--data", "nowhere"], "WN-D01"),
        (["tickets", "find", "lenet-digits", "--levels", "60"], "WN-P01"),
        (["tickets", "find", "lenet-digits", "--steps", "soon"], "WN-C01"),
        (["tickets", "find", "lenet-digits", "--device", "abacus"], "WN-T02"),
        (["tickets", "find", "lenet-digits", "--controls", "placebo"], "WN-R02"),
        (["tickets", "find", "lenet-digits", "--structure", "2:4"], "WN-R02"),
        (["tickets", "find", "lenet-digits", "--learning-rate", "0"], "WN-R02"),
        (["tickets", "show", "nowhere"], "WN-R05"),
        (["report", "nowhere"], "WN-R05"),
        (["tickets", "find"], "recipe"),
        (["tickets", "find", "lenet-digits", "--levles", "3"], "--levels"),
        (["fly"], "fly"),
    ],
)
def test_a_users_mistake_is_told_on_stderr_with_exit_code_2_and_nothing_is_left(
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(words, capsys)
    assert code == 2
    assert said in err and "Traceback" not in err and not out
    assert list(tmp_path.iterdir()) == []


def test_with_json_an_error_is_the_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(["tickets", "find", "lenet-nothing", "--json"], capsys)
    assert code == 2 and json.loads(out)["error"]["code"] == "WN-R01" and "WN-R01" in err


def test_show_tells_a_runs_levels_and_a_tickets_layers(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["tickets", "show", str(finished)], capsys)
    assert code == 0 and "early stop" in out and "80.20" in out and "reinit" in out
    ticket = finished / "level-01" / "replicate-0"
    code, out, _ = run(["tickets", "show", str(ticket)], capsys)
    assert code == 0 and "fc1.weight" in out and "300 x 64" in out and "15360" in out
    code, out, _ = run(["tickets", "show", str(ticket), "--json"], capsys)
    assert json.loads(out)["manifest"]["source"]["level"] == 1


def test_runs_lists_what_is_there(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["runs", str(finished.parent), "--json"], capsys)
    (row,) = json.loads(out)["runs"]
    assert code == 0 and (row["levels_done"], row["levels"]) == (2, 2)
    code, out, _ = run(["runs", str(finished / "nothing")], capsys)
    assert code == 0 and "No runs" in out


def test_report_writes_the_page_again(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finished / "report.html").unlink(missing_ok=True)
    code, out, _ = run(["report", str(finished), "--json"], capsys)
    assert code == 0 and Path(json.loads(out)["report"]).is_file()


def test_doctor_measures_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["doctor", "--json"], capsys)
    facts = json.loads(out)
    assert code == 0 and facts["gflops_large"] > 0.1 and facts["packages"]["torch"]


def test_interrupted_it_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("winnow.tickets.search._Search.run", interrupt)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(subprocess.check_output(["mktemp", "-d"], text=True).strip()))
        code, _, err = run(["tickets", "find", "lenet-digits", *TINY], capsys)
    assert code == 130 and "goes on" in err


@pytest.mark.parametrize("command", [["-c", "import winnow"], ["-m", "winnow", "--help"]])
def test_importing_winnow_and_asking_for_help_load_no_heavy_package(command: list[str]) -> None:
    result = subprocess.run([sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "winnow" in loaded
    assert loaded.isdisjoint({"torch", "transformers", "pyarrow", "duckdb", "numpy", "matplotlib", "sklearn"})


def test_a_reader_that_stops_reading_gets_no_traceback(finished: Path) -> None:
    command = f"{sys.executable} -m winnow tickets show {finished} | true; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (result.stderr, result.returncode) == ("", 0)
