"""`winnow grok` as a researcher uses it, on small moduli: from the command to the page, stopped, killed, resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from winnow.cli import main
from winnow.grokking.figures.table import FIGURES
from winnow.sparsity import Mask
from winnow.storage import read_json

SMALL = ["--task", "add-11", "--fraction", "0.5", "--steps", "60", "--ticket-steps", "40", "--replicates", "2"]
SMALL += ["--record-every", "20", "--snapshot-every", "20", "--device", "cpu"]


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it leaves one figure to draw: all of them take the time, and test_grok_figures draws each."""
    return lambda: monkeypatch.setattr("winnow.grokking.figures.page.FIGURES", FIGURES[:1])


def test_a_ticket_study_from_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], few_figures: Callable[[], None]
) -> None:
    out = tmp_path / "run"
    told = _json(["ticket", "mlp-add", *SMALL, "--controls", "shuffled", "norm-l2", "--out", str(out)], capsys)
    assert {row["branch"] for row in told["branches"]} == {"dense", "ticket", "shuffled", "norm-l2"}
    page = (out / "report.html").read_text()
    assert Path(told["report"]) == out / "report.html"
    assert "winnow grok ticket mlp-add --controls shuffled norm-l2 --task add-11" in page
    assert (out / "figures" / "accuracy.png").stat().st_size > 5000
    assert (out / "figures" / "accuracy.svg").is_file()

    words = ["ticket", "mlp-add", *SMALL, "--controls", "shuffled", "norm-l2", "--out", str(out), "--no-page"]
    again = _json(words, capsys)
    assert again["report"] is None
    assert again["branches"] == told["branches"], "nothing was trained again"

    few_figures()
    drawn = _json(["figures", str(out), "--branches", "dense", "ticket"], capsys)
    assert {row["branch"] for row in drawn["branches"]} == {"dense", "ticket"}


def test_sweeps_and_accelerators_share_the_folder_of_their_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "run"), "--no-page"]
    rates = _json(["sweep", "mlp-add", *SMALL, "--over", "rate", "--values", "0.5", "0.9", *out], capsys)
    assert [row["branch"] for row in rates["branches"]] == ["dense", "ticket,k0.5", "ticket,k0.9"]
    steps = _json(["sweep", "mlp-add", *SMALL, "--over", "step", "--values", "20", "40", *out], capsys)
    assert [row["branch"] for row in steps["branches"]] == ["dense", "ticket@20", "ticket@40"]
    fast = _json(["compare", "mlp-add", *SMALL, "--accelerators", "grokfast-ema", "muon", "--tickets", *out], capsys)
    assert [row["branch"] for row in fast["branches"]] == [
        *("dense", "ticket", "dense+grokfast-ema", "dense+muon", "ticket+grokfast-ema", "ticket+muon")
    ]
    assert len(list((tmp_path / "run" / "done").glob("dense-*.json"))) == 2


def test_a_dry_run_tells_identity_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    told = _json(["run", "mlp-add", "--out", str(out), "--dry-run"], capsys)
    assert told["parameters"] == 115_000
    assert told["examples"] == {"training": 911, "test": 1367}
    assert len(set(told["splits"])) == 8
    assert told["network_steps"] == 8 * 30_000
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run", "mlp-ad"], "WN-R01"),
        (["run", "mlp-add", "--branches", "Tickets"], "WN-C01"),
        (["run", "mlp-add", "--branches", "dense+warp"], "WN-T03"),
        (["run", "mlp-add", "--task", "add-x"], "WN-C01"),
        (["run", "mlp-add", "--network", "cnn"], "WN-M01"),
        (["run", "mlp-add", "--optimizer", "lion"], "WN-T03"),
        (["run", "mlp-add", "--loss", "hinge"], "WN-T03"),
        (["run", "mlp-add", "--fraction", "2"], "WN-R02"),
        (["run", "mnist"], "WN-D"),
        (["run", "mlp-add", "--jobs", "0"], "WN-C01"),
        (["sweep", "mlp-add", "--over", "time", "--values", "1"], "WN-C01"),
        (["figures", "nowhere"], "WN-R05"),
    ],
)
def test_a_users_mistake_is_told_before_anything_is_written(
    words: list[str], code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["grok", *words]) == 2
    assert f"error {code}" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_study_killed_in_the_middle_ends_with_the_same_masks(tmp_path: Path, one_thread: None) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    flags = ["--task", "add-23", "--steps", "1500", "--ticket-steps", "600", "--replicates", "2", "--controls", "none"]
    assert main(["grok", *_words(whole, flags)]) == 0
    process = _process(killed, flags)
    deadline = time.monotonic() + 120
    while not list((killed / "checkpoints").glob("*.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list((killed / "checkpoints").glob("*.safetensors")), "it was killed while it trained"
    assert main(["grok", *_words(killed, flags)]) == 0
    for replicate in range(2):
        one, other = (Mask.load(run / "masks" / f"ticket-{replicate}.safetensors") for run in (whole, killed))
        assert one.digest() == other.digest()
        done = [read_json(run / "done" / f"ticket-{replicate}.json") for run in (whole, killed)]
        assert done[0]["memorised"] == done[1]["memorised"]
        assert done[0]["generalised"] == done[1]["generalised"]


def _json(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["grok", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def _words(out: Path, flags: list[str]) -> list[str]:
    more = ["--device", "cpu", "--checkpoint-seconds", "0", "--no-page"]
    return ["ticket", "mlp-add", *flags, "--out", str(out), *more]


def _process(out: Path, flags: list[str]) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "winnow", "grok", *_words(out, flags)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_runs_and_report_know_a_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], few_figures: Callable[[], None]
) -> None:
    few_figures()
    out = tmp_path / "runs" / "study"
    assert main(["grok", "run", "mlp-add", *SMALL, "--no-page", "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["runs", str(tmp_path / "runs")]) == 0
    assert "branch runs done" in capsys.readouterr().out
    assert not (out / "report.html").exists()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").is_file()
    assert main(["grok", "figures", str(out), "--branches", "ticket"]) == 2
    assert "WN-R05" in capsys.readouterr().err
