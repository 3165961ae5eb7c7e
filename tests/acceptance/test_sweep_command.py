"""`winnow tickets sweep` as a user runs it: its output, and what is left when workers or the whole sweep are killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from winnow.cli import main
from winnow.execution import Local
from winnow.recipes import lenet_digits
from winnow.storage import RunFolder
from winnow.tickets import find, sweep
from winnow.tickets.levels import LevelFolder
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.sweeps.grid import grid
from winnow.tickets.sweeps.running import Settings

TINY = ["--levels", "1", "--steps", "60", "--evaluate-every", "20", "--replicates", "1", "--controls", "none"]
# Long enough to be killed in the middle of a level.
LONG: dict[str, Any] = {"levels": 1, "steps": "600it", "evaluate_every": 20, "replicates": 1, "controls": ()}
LONG_FLAGS = ["--levels", "1", "--steps", "600", "--evaluate-every", "20", "--replicates", "1", "--controls", "none"]


def base() -> FindRecipe:
    return lenet_digits(**LONG)


def digests(run: Path) -> list[list[str]]:
    return [LevelFolder(RunFolder.open(run), level).done()["masks"] for level in (0, 1)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[list[list[str]]]:
    """Mask digests of both cells, each found by itself and left alone."""
    folder = tmp_path_factory.mktemp("alone")
    return [digests(find(lenet_digits(**LONG, seed=seed), out=folder / str(seed)).path) for seed in (0, 1)]


def test_one_object_on_stdout_a_table_and_exit_code_2_when_a_cell_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tickets", "sweep", "lenet-digits", *TINY, "--out", str(tmp_path / "out")]
    axes = ["--grid", "score=magnitude,nosuch"]
    assert main([*words, *axes, "--method", "imp", "random", "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert [cell["state"] for cell in planned["cells"]] == ["pending", "failed", "pending", "failed"]
    assert planned["network_steps"] == 2 * 2 * 60 and not (tmp_path / "out").exists()
    assert main([*words, *axes, "--json"]) == 2
    captured = capsys.readouterr()
    good, bad = json.loads(captured.out)["cells"]
    assert (good["state"], bad["state"], bad["error"]["code"]) == ("done", "failed", "WN-R02")
    assert "[2/2] score=magnitude: done" in captured.err and "failed score=nosuch: no score" in captured.err
    assert main([*words, "--grid", "score=magnitude"]) == 0
    shown = capsys.readouterr()
    assert "started" not in shown.err
    assert f"{good['found']['test_accuracy_percent_mean']:.2f}" in shown.out
    assert "winnow tickets compare" in shown.out and str(tmp_path / "out" / "sweep.csv") in shown.out
    recipe = json.loads((tmp_path / "out" / good["run"] / "recipe.json").read_text())
    assert recipe["command"].startswith("winnow tickets find lenet-digits --levels 1 --steps 60it")


def test_a_killed_worker_leaves_its_cell_to_another_with_the_same_masks(
    tmp_path: Path, alone: list[list[list[str]]]
) -> None:
    killed: list[int] = []

    def kill_one() -> None:
        wait_for(lambda: list(tmp_path.glob("*/level-00/checkpoint-0.safetensors")))
        (run, *_) = [found.parents[1] for found in tmp_path.glob("*/level-00/checkpoint-0.safetensors")]
        (victim,) = [worker for worker in workers(psutil.Process()) if holds(worker, run)]
        victim.kill()
        killed.append(victim.pid)

    killer = threading.Thread(target=kill_one)
    killer.start()
    told: list[str] = []
    cells = grid(base(), {"seed": [0, 1]})
    file = sweep(
        cells, out=tmp_path, where=Local(2, threads=1), settings=Settings(checkpoint_seconds=0), told=told.append
    )
    killer.join()
    assert killed and sum("its worker died, started again, WN-X01" in line for line in told) == 1
    assert [entry.state for entry in file.entries] == ["done", "done"]
    assert sorted(entry.restarts for entry in file.entries) == [0, 1]
    assert [digests(tmp_path / entry.run) for entry in file.entries] == alone
    assert not workers(psutil.Process())


def test_interrupted_then_killed_then_run_again_gives_the_same_masks(
    tmp_path: Path, alone: list[list[list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tickets", "sweep", "lenet-digits", *LONG_FLAGS, "--grid", "seed=0,1", "--out", str(tmp_path / "out")]
    words += ["--threads", "1", "--checkpoint-seconds", "0"]
    first = start([*words, "--jobs", "2"])
    wait_for(lambda: list(tmp_path.glob("out/*/level-00/checkpoint-0.safetensors")))
    pids = workers(psutil.Process(first.pid))
    assert len(pids) == 2 and states(tmp_path) == ["running", "running"]
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 130
    assert states(tmp_path) == ["pending", "pending"]
    assert not any(process.is_running() for process in pids)

    second = start([*words, "--jobs", "2"])
    wait_for(lambda: list(tmp_path.glob("out/*/level-01/checkpoint-0.safetensors")))
    pids = workers(psutil.Process(second.pid))
    second.kill()
    second.wait()
    wait_for(lambda: not any(process.is_running() for process in pids), 60)
    assert "done" not in states(tmp_path)

    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [digests(tmp_path / "out" / cell["run"]) for cell in found["cells"]] == alone


def start(words: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "winnow", *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Started in a shell's background the tests ignore Ctrl-C, and a child would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def states(folder: Path) -> list[str]:
    return [cell["state"] for cell in json.loads((folder / "out" / "sweep.json").read_text())["cells"]]


def workers(parent: psutil.Process) -> list[psutil.Process]:
    """Worker processes; their command line names the program that they run."""
    return [child for child in parent.children() if "winnow.execution.worker" in " ".join(child.cmdline())]


def holds(process: psutil.Process, run: Path) -> bool:
    """Whether the process has the run's lock open."""
    return str(run / ".lock") in [file.path for file in process.open_files()]


def wait_for(there: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
