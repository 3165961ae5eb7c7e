"""A sweep on a Ray cluster of two workers, of which one is lost in the middle."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from winnow.execution import Job, RayCluster, run
from winnow.recipes import lenet_digits
from winnow.storage import RunFolder
from winnow.tickets import find
from winnow.tickets.levels import LevelFolder

CELLS = 3
SHORT: dict[str, Any] = {"levels": 1, "steps": "1000it", "evaluate_every": 20, "replicates": 1, "controls": ()}
FLAGS = ["--levels", "1", "--steps", "1000", "--evaluate-every", "20", "--replicates", "1", "--controls", "none"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without cores, on this machine's loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # for processes that start from here
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        pytest.importorskip("ray")
        patch.setattr("ray._private.ray_constants.ENABLE_RAY_CLUSTER", False)
        from ray.cluster_utils import Cluster

        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        assert str(made.address).startswith("127.0.0.1:")
        yield made
        made.shutdown()


def test_a_sweep_ends_when_a_worker_is_lost_and_its_masks_are_those_of_local_runs(cluster: Any, tmp_path: Path) -> None:
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    seeds = ",".join(str(seed) for seed in range(CELLS))
    words = ["tickets", "sweep", "lenet-digits", *FLAGS, "--grid", f"seed={seeds}", "--out", str(tmp_path / "sweep")]
    words += ["--checkpoint-seconds", "0"]
    command = [sys.executable, "-m", "winnow", *words, "--ray", cluster.address, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: in_the_middle(tmp_path / "sweep"))
    hit = in_the_middle(tmp_path / "sweep")[0]
    (lost,) = [node for node in nodes if runs_on(node, hit)]
    cluster.remove_node(lost, allow_graceful=False)
    assert not (hit / "level-01" / "done.json").exists(), "it ended before its node was lost"
    started = (hit / "recipe.json").stat().st_mtime_ns

    printed, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    found = json.loads(printed)
    assert found["done"] == CELLS and [cell["state"] for cell in found["cells"]] == ["done"] * CELLS
    assert (hit / "recipe.json").stat().st_mtime_ns == started and (hit / "level-01" / "done.json").exists()
    for seed, cell in enumerate(found["cells"]):
        alone = find(lenet_digits(**SHORT, seed=seed), out=tmp_path / "alone" / str(seed))
        assert digests(Path(found["out"]) / cell["run"]) == digests(alone.path)


def test_jobs_that_no_node_can_hold_end_the_run(cluster: Any) -> None:
    with pytest.raises(Exception, match=r"WN-X03.*no node of it had 64 CPUs"):
        list(run([Job("large", time.sleep, (0,))], RayCluster(cluster.address, threads=64, patience=1)))


def in_the_middle(sweep: Path) -> list[Path]:
    """Runs whose level is under way: its checkpoint is written."""
    return sorted({checkpoint.parents[1] for checkpoint in sweep.glob("*/level-*/checkpoint-*.safetensors")})


def runs_on(node: Any, run: Path) -> bool:
    """Whether a worker process of the node has the run's lock open."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    return any(str(run / ".lock") in [file.path for file in child.open_files()] for child in raylet.children())


def digests(run: Path) -> list[list[str]]:
    return [LevelFolder(RunFolder.open(run), level).done()["masks"] for level in (0, 1)]


def wait_for(holds: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
