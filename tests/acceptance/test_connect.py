"""`winnow tickets connect` on digits: starts, children, errors, several runs, kill and resume, bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from winnow.cli import main
from winnow.core import WinnowError, derive_seed
from winnow.recipes import lenet_digits
from winnow.sparsity import load_into, load_tensors
from winnow.storage import RunFolder
from winnow.tickets import ConnectSettings, connect, find
from winnow.tickets.connectivity import children, measuring
from winnow.tickets.connectivity.children import Child, Nursery
from winnow.tickets.connectivity.paths import PathMeter
from winnow.tickets.connectivity.plan import Place, plan_connection
from winnow.tickets.levels import LevelFolder
from winnow.training.progress import Silence

pytestmark = pytest.mark.usefixtures("one_thread")
SHORT: dict[str, Any] = {"levels": 2, "steps": "60it", "evaluate_every": 20, "replicates": 2, "controls": ()}
SETTINGS = ConnectSettings(at=("0it", "20it", "30it"), points=5, masks=("ticket", "random"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> RunFolder:
    return find(lenet_digits(**SHORT, rewind="20it"), out=tmp_path_factory.mktemp("connect") / "run")


@pytest.fixture
def copy(run: RunFolder, tmp_path: Path) -> RunFolder:
    """The run without measurements."""
    shutil.copytree(run.path, tmp_path / "run", ignore=shutil.ignore_patterns("connect"))
    return RunFolder(tmp_path / "run")


def nursery(run: RunFolder, **settings: Any) -> Nursery:
    return Nursery(plan_connection(run, ConnectSettings(**settings)).runs[0], torch.device("cpu"), Silence())


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def tables(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((folder / "tables").glob("*.csv"))}


def test_the_start_at_the_rewind_step_is_the_tickets_own_bit_for_bit(copy: RunFolder) -> None:
    """The trunk is trained anew through the rewind step and meets what the run stored there."""
    ours = nursery(copy, at=("40it",))
    ours.grow_trunk([20, 40])
    for replicate in range(2):
        trunk = load_tensors(copy.path / "connect" / "trunk" / f"step-20-replicate-{replicate}.safetensors")[0]
        for level in (0, 2):
            ticket = LevelFolder(copy, level).ticket(replicate)
            assert equal(ticket.mask.applied(trunk), dict(ticket.start))
            assert equal(ticket.mask.applied(ours.start(20, replicate)), dict(ticket.start))
    assert json.loads((copy.path / "connect" / "trunk" / "check.json").read_text()) == {"same": True}
    assert ours.note() == ""
    assert not equal(ours.start(0, 0), ours.start(20, 0))


def test_a_trunk_that_differs_from_the_run_is_told(copy: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Nursery, "_is_start", lambda *_: False)
    found = connect(copy, ConnectSettings(levels=(2,), at=("30it",), points=3, replicates=1))  # type: ignore[arg-type]
    assert "not bit for bit" in found.notes[0]


def test_children_of_one_start_differ_from_each_other_and_from_the_run(run: RunFolder) -> None:
    connect(run, SETTINGS)
    ours = nursery(run)
    place = Place(2, 20, ("ticket",))
    first, second = (ours.trained(place, Child("ticket", 0, number)) for number in range(2))
    ticket = LevelFolder(run, 2).ticket(0)
    assert ticket.trained is not None
    assert not equal(first, second) and not equal(first, dict(ticket.trained))
    for child in (first, second):
        assert all(torch.count_nonzero(child[name][~mask]) == 0 for name, mask in ticket.mask.items())
    shuffled = ours.mask(2, "random", 0)
    assert shuffled != ticket.mask and shuffled.densities() == ticket.mask.densities()


def test_the_ends_of_every_path_have_the_childrens_own_errors(run: RunFolder) -> None:
    found = connect(run, SETTINGS)
    ours = nursery(run)
    module, data = ours.planned.prepared.model.build(0), ours.planned.prepared.data
    checked = 0
    for row in found.paths:
        if row["alpha"] in (0, 1):
            place = Place(row["level"], row["step"], (row["branch"],))
            number = row["first"] if row["alpha"] == 0 else row["second"]
            load_into(module, ours.trained(place, Child(row["branch"], row["replicate"], number)))
            split = getattr(data, row["split"])
            with torch.no_grad():
                wrong = (module.eval()(split.inputs).argmax(-1) != split.labels).sum().item()
            assert row["error_percent"] == pytest.approx(100 * wrong / len(split), abs=1e-9)
            checked += 1
    assert checked == 2 * 2 * 2 * 3 * 3  # ends, splits, replicates, steps, dense and ticket and random


def test_children_of_one_order_have_no_barrier(copy: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_number(seed: int, *path: str | int) -> int:
        return derive_seed(seed, *(path[:-1] if "child" in path else path))

    monkeypatch.setattr(children, "derive_seed", without_number)
    found = connect(copy, ConnectSettings(at=("0it",), points=4, children=3))  # type: ignore[arg-type]
    assert len(found.barriers) == 2 * 2 * 2 * 3  # levels, replicates, splits, pairs
    assert all(row["barrier_points"] == 0 for row in found.barriers)
    ends = {}
    for row in found.paths:
        ends.setdefault((row["level"], row["replicate"], row["split"]), set()).add(row["error_percent"])
    assert all(len(errors) == 1 for errors in ends.values())


def test_running_again_trains_and_measures_nothing(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = connect(run, SETTINGS)
    monkeypatch.setattr(children, "train", None)
    monkeypatch.setattr(PathMeter, "scores", None)
    assert connect(run, SETTINGS).paths == before.paths


def test_other_points_measure_the_same_children_anew(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(run, SETTINGS)
    monkeypatch.setattr(children, "train", None)
    finer = ConnectSettings(at=SETTINGS.at, points=9)
    assert len({row["alpha"] for row in connect(run, finer).paths}) == 9


class _Killer(Silence):
    """Interrupts after so many reports of progress."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, steps: int, note: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def test_killed_at_any_place_and_resumed_the_tables_are_the_same(
    run: RunFolder, copy: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(run, SETTINGS)
    for after in (1, 3, 9):  # in the middle of the trunk, of the first children, and of later ones
        with pytest.raises(KeyboardInterrupt):
            connect(copy, SETTINGS, progress=_Killer(after), checkpoint_seconds=0)
        assert len(list((copy.path / "connect").rglob("checkpoint-*"))) == 1
    with monkeypatch.context() as patched:
        patched.setattr(measuring, "write_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            connect(copy, SETTINGS)
    connect(copy, SETTINGS)
    assert tables(copy.path / "connect") == tables(run.path / "connect")
    assert not list((copy.path / "connect").rglob("checkpoint-*"))


def test_progress_ends_at_the_whole(copy: RunFolder) -> None:
    class Counter(Silence):
        total = done = 0

        def begin(self, total: int) -> None:
            self.total, self.done = total, 0

        def advance(self, steps: int, note: str) -> None:
            self.done += steps

        def skip(self, steps: int) -> None:
            self.done += steps

    fewer = ConnectSettings(levels=(2,), at=("30it",), points=3, replicates=1)  # type: ignore[arg-type]
    more = ConnectSettings(levels=(2,), at=("30it", "40it"), points=3, children=3)  # type: ignore[arg-type]
    for settings in (fewer, fewer, more):
        counter = Counter()
        connect(copy, settings, progress=counter)
        assert counter.total == counter.done > 0


def test_several_runs_are_joined_each_at_its_own_rewind_step(run: RunFolder, tmp_path: Path) -> None:
    early = find(lenet_digits(**SHORT), out=tmp_path / "early")
    found = connect([run, early], ConnectSettings(points=3), out=tmp_path / "joined")
    (line,) = found.series()
    assert line.steps == (0, 20) and line.branch == "ticket"
    assert {(row["run"], row["step"], row["level"]) for row in found.paths} == {("run", 20, 2), ("early", 0, 2)}
    assert set(tables(tmp_path / "joined")) == {"barriers.csv", "paths.csv"}


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--levels", "7"], "WN-R06"),
        (["--at", "60it"], "WN-R06"),
        (["--replicates", "3"], "WN-R06"),
        (["--replicates", "0"], "WN-C01"),
        (["--children", "1"], "WN-C01"),
        (["--points", "2"], "WN-C01"),
        (["--split", "all"], "WN-C01"),
        (["--masks", "reinit"], "WN-C01"),
        (["--at", "soon"], "WN-C01"),
        (["--device", "nowhere"], "WN-T02"),
        (["--execution", "quick"], "WN-T03"),
    ],
)
def test_bad_input_is_a_coded_error(
    run: RunFolder, flags: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tickets", "connect", str(run.path), "--json", *flags]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_without_a_run_or_a_finished_level_there_is_nothing_to_measure(
    copy: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tickets", "connect", str(tmp_path / "nowhere")]) == 2
    assert main(["tickets", "connect"]) == 2
    for level in (0, 1, 2):
        shutil.rmtree(copy.level(level))
    assert main(["tickets", "connect", str(copy.path)]) == 2
    assert capsys.readouterr().err.count("WN-R05") == 3


def test_a_run_on_other_data_is_refused(copy: RunFolder) -> None:
    header = json.loads(copy.recipe_file.read_text())
    header["data"]["fingerprint"] = "0" * 64
    copy.recipe_file.write_text(json.dumps(header))
    with pytest.raises(WinnowError, match="WN-R03"):
        connect(copy)


def test_the_command_as_a_user_runs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    sizes = ["--levels", "3", "--replicates", "1", "--steps", "200", "--controls", "none"]
    assert main(["tickets", "find", "lenet-digits", *sizes, "--out", str(out), "--device", "cpu"]) == 0
    command = ["tickets", "connect", str(out), "--at", "0it", "50it", "--device", "cpu", "--json"]
    capsys.readouterr()
    assert main([*command, "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["network_steps"] == 50 + 2 * 2 * (200 + 150) and not (out / "connect").exists()
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["branch"], row["step"]) for row in found["barriers"]] == [
        ("dense", 0),
        ("dense", 50),
        ("ticket", 0),
        ("ticket", 50),
    ]
    assert all(0 <= row["barrier_points"]["mean"] < 50 for row in found["barriers"])
    assert [line["branch"] for line in found["onset"]] == ["dense", "ticket"]
    assert Path(found["report"]).read_text().count("<svg") == 2 and found["batchnorm"] == "none"
    names = {f"{name}.{kind}" for name in ("paths", "barriers") for kind in ("csv", "parquet")}
    assert {file.name for file in (out / "connect" / "tables").iterdir()} == names
