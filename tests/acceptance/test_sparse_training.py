"""`find` on stored weights: the same masks as on dense tensors, also after a kill, and what a person is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from winnow.cli import main
from winnow.kernels import BreakEven
from winnow.recipes import lenet_digits
from winnow.sparsity import hamming
from winnow.storage import RunFolder
from winnow.tickets import find, write_report
from winnow.tickets.levels import LevelFolder
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.show import finished_levels


def short(**changes: Any) -> FindRecipe:
    return lenet_digits(**{"levels": 3, "steps": "60it", "evaluate_every": 20, "replicates": 2, **changes})


def ways(run: RunFolder) -> list[str]:
    return [LevelFolder(run, level).done()["execution"][0] for level in finished_levels(run)]


def test_a_level_below_break_even_switches_its_way_and_gives_the_same_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = find(short(), out=tmp_path / "dense", execution="dense")
    monkeypatch.setattr("winnow.training.execution._WORTHWHILE", 0.0)
    monkeypatch.setattr("winnow.kernels.break_even", lambda: BreakEven(0.7, 0.7, 0.7, 0.7))
    switched = find(short(), out=tmp_path / "switched")
    assert [way.partition(":")[0] for way in ways(switched)] == ["dense", "dense", "stored weights", "stored weights"]
    for level in range(4):
        for replicate in range(2):
            one, other = (LevelFolder(run, level).ticket(replicate).mask for run in (dense, switched))
            # Rounding may turn over a tie or two: one weight in a thousand.
            assert hamming(one, other) <= 1e-3
    report = write_report(switched).read_text(encoding="utf-8")
    assert "How each level was executed" in report and "stored weights: 64" in report


def test_killed_on_stored_weights_and_run_again_gives_the_same_masks(tmp_path: Path) -> None:
    changes = {"levels": "2", "steps": "320it", "evaluate-every": "40", "replicates": "2", "execution": "sparse"}
    flags = [word for name, value in changes.items() for word in (f"--{name}", value)] + ["--checkpoint-seconds", "0"]
    recipe = short(levels=2, steps="320it", evaluate_every=40)
    undisturbed = find(recipe, out=tmp_path / "whole", execution="sparse")
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "winnow", "tickets", "find", "lenet-digits", *flags, "--out", str(killed)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    marker, deadline = killed / "level-01" / "checkpoint-0.safetensors", time.monotonic() + 120
    while not marker.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert marker.exists() and not (killed / "level-01" / "done.json").exists()

    find(recipe, out=killed, execution="sparse")
    both = [[LevelFolder(run, level).done()["masks"] for level in range(3)] for run in (undisturbed, RunFolder(killed))]
    assert both[0] == both[1]


def test_an_unknown_execution_ends_with_2_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    code = main(["tickets", "find", "lenet-digits", "--execution", "fast", "--out", str(out), "--levels", "1"])
    assert code == 2 and not out.exists()
    assert "WN-T03" in capsys.readouterr().err
