"""Jobs in this process and in workers: values, errors, deaths, ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

import execution_jobs as jobs
from winnow.execution import Job, Local, Outcome, run
from winnow.execution.threads import cores, share

PLACES = {"here": Local(), "workers": Local(2, threads=1)}


def ends(work: Sequence[Job], where: Local) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in run(work, where) if outcome.state in ("done", "failed")}


@pytest.mark.parametrize("place", PLACES)
def test_every_job_starts_and_ends_once_and_failures_are_their_own(
    place: str, capfd: pytest.CaptureFixture[str]
) -> None:
    work = [
        Job("two", jobs.double, (1,)),
        Job("coded", jobs.refuse, ("WN-T01",)),
        Job("unforeseen", jobs.divide, (0,)),
        Job("left", jobs.leave, (3,)),
        Job("six", jobs.double, (3,)),
    ]
    news = list(run(work, PLACES[place]))
    assert Counter((o.name, o.state == "running") for o in news) == Counter(
        (job.name, running) for job in work for running in (True, False)
    )
    found = {o.name: o for o in news if o.state != "running"}
    assert [found[name].value for name in ("two", "six")] == [2, 6]
    coded, unforeseen = found["coded"].error, found["unforeseen"].error
    assert coded is not None and coded.as_dict() == {
        "code": "WN-T01",
        "what": "not like this",
        "where": "there",
        "fix": "Otherwise.",
    }
    assert unforeseen is not None and unforeseen.code == "WN-X02" and "ZeroDivisionError" in unforeseen.what
    assert "in divide" in found["unforeseen"].trace and not found["coded"].trace
    assert found["left"].state == "failed"
    printed = capfd.readouterr()
    assert ("a job speaks" in printed.out) == (place == "here")


def test_a_value_that_cannot_be_sent_fails_its_job(capfd: pytest.CaptureFixture[str]) -> None:
    found = ends([Job("lock", jobs.a_lock), Job("two", jobs.double, (1,))], PLACES["workers"])
    error = found["lock"].error
    assert error is not None and error.code == "WN-X02" and found["two"].value == 2


def test_a_job_whose_worker_dies_is_taken_up_once(tmp_path: Path) -> None:
    once, always = tmp_path / "once", tmp_path / "always"
    once.mkdir()
    always.mkdir()
    work = [Job("once", jobs.die, (str(once), 1)), Job("always", jobs.die, (str(always), 9))]
    work += [Job(str(number), jobs.double, (number,)) for number in range(4)]
    news = list(run(work, PLACES["workers"]))
    assert Counter(o.name for o in news if o.state == "again") == {"once": 1, "always": 1}
    found = {o.name: o for o in news if o.state in ("done", "failed")}
    assert found["once"].value == 2
    error = found["always"].error
    assert error is not None and error.code == "WN-X01" and "SIGKILL" in error.what
    assert len(list(always.iterdir())) == 2
    assert [found[str(number)].value for number in range(4)] == [0, 2, 4, 6]


def test_workers_share_the_cores_before_torch_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    found = ends([Job(str(number), jobs.facts) for number in range(2)], Local(2, threads=1))
    assert {(o.value["omp"], o.value["torch"]) for o in found.values()} == {("1", 1)}
    assert os.getpid() not in {o.value["pid"] for o in found.values()}
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert share(1) == cores() and share(2) == max(1, cores() // 2) and share(10_000) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert share(1) == 1


def test_one_job_runs_here_and_leaves_torchs_threads_as_they_were() -> None:
    import torch

    before = torch.get_num_threads()
    (outcome,) = ends([Job("here", jobs.facts)], Local(1, threads=before + 1)).values()
    assert outcome.value["pid"] == os.getpid() and outcome.value["torch"] == before + 1
    assert torch.get_num_threads() == before


def test_closing_the_iterator_stops_the_workers_at_once(tmp_path: Path) -> None:
    news = run([Job(str(number), jobs.sleep, (str(tmp_path), 60)) for number in range(2)], PLACES["workers"])
    assert [next(news).state, next(news).state] == ["running", "running"]
    begin = time.monotonic()
    news.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begin < 30
    assert not [c for c in psutil.Process().children(recursive=True) if "execution.worker" in " ".join(c.cmdline())]


def test_workers_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, execution_jobs as jobs; from winnow.execution import Job, Local, run\n"
        "list(run([Job(str(n), jobs.sleep, (sys.argv[1], 60)) for n in range(2)], Local(2, 1)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(jobs.__file__).parent)}
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=environment)
    wait_for(lambda: len(list(tmp_path.glob("pid-*"))) == 2)
    parent.kill()
    parent.wait()
    pids = [int(mark.name.removeprefix("pid-")) for mark in tmp_path.glob("pid-*")]
    wait_for(lambda: not any(map(alive, pids)), 60)
    assert not any(map(alive, pids))


def test_two_jobs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        run([Job("a", jobs.double, (1,)), Job("a", jobs.double, (2,))], Local())


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
