"""`find` on digits: the protocol of the paper, level by level, and kill-and-resume."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from winnow.core import WinnowError
from winnow.recipes import lenet_digits
from winnow.sparsity import Ticket, hamming, tensors_of
from winnow.storage import RunFolder, query
from winnow.tickets import find, load_ticket, prepare
from winnow.tickets.levels import LevelFolder
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.show import finished_levels

SHORT: dict[str, Any] = {"levels": 2, "steps": "40it", "evaluate_every": 20, "replicates": 2}


def short(**changes: Any) -> FindRecipe:
    return lenet_digits(**{**SHORT, **changes})


def tickets(run: RunFolder, level: int, replicates: int = 2) -> list[Ticket]:
    return [LevelFolder(run, level).ticket(replicate) for replicate in range(replicates)]


def digests(run: RunFolder) -> list[list[str]]:
    return [LevelFolder(run, level).done()["masks"] for level in finished_levels(run)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return find(short(), out=tmp_path_factory.mktemp("find") / "run")


def test_every_level_starts_from_the_initial_weights_bit_for_bit(run: RunFolder) -> None:
    for replicate, first in enumerate(tickets(run, 0)):
        for level in (1, 2):
            ticket = tickets(run, level)[replicate]
            for name, start in ticket.start.items():
                mask = ticket.mask.get(name, torch.ones_like(start, dtype=torch.bool))
                assert torch.equal(start[mask], first.start[name][mask])
                assert torch.count_nonzero(start[~mask]) == 0


def test_every_mask_keeps_the_largest_trained_weights_of_the_level_before(run: RunFolder) -> None:
    for level in (1, 2):
        for before, after in zip(tickets(run, level - 1), tickets(run, level), strict=True):
            assert before.trained is not None
            for name, mask in after.mask.items():
                assert not (mask & ~before.mask[name]).any()
                size = before.trained[name].abs()
                gone = before.mask[name] & ~mask
                assert size[mask].min() >= size[gone].max()


def test_densities_are_those_of_the_ladder(run: RunFolder) -> None:
    weights, output = 64 * 300 + 300 * 100, 1000
    for level in (1, 2):
        hidden = [round(64 * 300 * 0.8**level), round(300 * 100 * 0.8**level)]
        for ticket in tickets(run, level):
            assert ticket.mask.kept == sum(hidden) + round(output * 0.9**level)
            assert ticket.mask.total == weights + output


def test_replicates_differ_and_controls_are_measured_in_the_same_steps(run: RunFolder) -> None:
    first, second = tickets(run, 1)
    assert hamming(first.mask, second.mask) > 0.1
    counts = query(run.metrics, "select branch, level, split, count(*) n from metrics where metric='loss' group by all")
    found = {(row["branch"], row["level"], row["split"]): row["n"] for row in counts}
    for branch in ("ticket", "reinit", "random"):
        for level in (1, 2):
            assert found[branch, level, "validation"] == found[branch, level, "test"] == 2 * 3
    assert ("reinit", 0, "test") not in found


def test_pruned_weights_are_exactly_zero_in_every_file(run: RunFolder) -> None:
    for ticket in tickets(run, 2):
        assert ticket.trained is not None
        for tensors in (ticket.start, ticket.trained):
            assert all(torch.count_nonzero(tensors[name][~mask]) == 0 for name, mask in ticket.mask.items())


def test_a_ticket_loads_with_its_network(run: RunFolder) -> None:
    path = LevelFolder(run, 2).ticket_path(1)
    ticket, module = load_ticket(path, trained=True)
    assert ticket.trained is not None
    assert all(torch.equal(t, ticket.trained[n]) for n, t in tensors_of(module).items())
    card = (path / "README.md").read_text()
    assert "early_stop_step" in card and ticket.manifest["results"]["test_accuracy"] > 0.1


def test_running_again_changes_nothing_and_trains_nothing(run: RunFolder) -> None:
    before = {file: file.stat().st_mtime_ns for file in run.path.rglob("*") if file.is_file()}
    find(short(), out=run.path)
    after = {file: file.stat().st_mtime_ns for file in run.path.rglob("*") if file.is_file()}
    assert {k: v for k, v in before.items() if k.name != ".lock"} == {
        k: v for k, v in after.items() if k.name != ".lock"
    }


def test_the_same_seed_gives_the_same_run_and_another_seed_another(run: RunFolder, tmp_path: Path) -> None:
    again = find(short(), out=tmp_path / "again")
    other = find(short(seed=1), out=tmp_path / "other")
    assert digests(again) == digests(run)
    assert digests(other)[1] != digests(run)[1]


def test_a_stack_of_five_replicates_gives_the_masks_of_five_runs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, products of matrices may round otherwise; the tolerance is one mask entry in a thousand."""
    recipe = short(replicates=5, controls=())
    together = find(recipe, out=tmp_path / "together")
    monkeypatch.setattr("winnow.tickets.search._by_first_step", lambda members: [[member] for member in members])
    alone = find(recipe, out=tmp_path / "alone")
    for level in (1, 2):
        for one, other in zip(tickets(together, level, 5), tickets(alone, level, 5), strict=True):
            assert hamming(one.mask, other.mask) <= 1e-3
            assert one.trained is not None and other.trained is not None
            for name, tensor in one.trained.items():
                both = one.mask[name] & other.mask[name] if name in one.mask else ...
                torch.testing.assert_close(tensor[both], other.trained[name][both], rtol=1e-2, atol=1e-4)


def test_late_rewinding_resets_to_the_weights_of_that_step(tmp_path: Path) -> None:
    run = find(short(rewind="20it", replicates=1), out=tmp_path / "run")
    whole = find(short(steps="20it", replicates=1, levels=0), out=tmp_path / "to-20")
    at_20 = LevelFolder(whole, 0).ticket(0).trained
    assert at_20 is not None
    for name, start in LevelFolder(run, 0).ticket(0).start.items():
        assert torch.equal(start, at_20[name])
    steps = query(run.metrics, "select branch, min(step) first from metrics where level=1 and split='test' group by 1")
    assert {row["branch"]: row["first"] for row in steps} == {"ticket": 20, "reinit": 0, "random": 0}


def test_rate_rewinding_keeps_the_trained_weights(tmp_path: Path) -> None:
    run = find(short(rewind="10it", rewinding="rate", replicates=1, controls=()), out=tmp_path / "run")
    for level in (1, 2):
        ticket, before = LevelFolder(run, level).ticket(0), LevelFolder(run, level - 1).ticket(0)
        assert before.trained is not None
        expected = ticket.mask.applied(before.trained)
        assert all(torch.equal(ticket.start[name], expected[name]) for name in expected)


def test_one_shot_prunes_every_level_from_the_dense_network(tmp_path: Path) -> None:
    run = find(short(rounds="oneshot", replicates=1, controls=()), out=tmp_path / "run")
    dense = LevelFolder(run, 0).ticket(0).trained
    assert dense is not None
    mask = LevelFolder(run, 2).ticket(0).mask
    assert all(dense[n].abs()[m].min() >= dense[n].abs()[~m].max() for n, m in mask.items())


def test_continued_training_prunes_from_the_trunk_and_measures_the_reset_network(tmp_path: Path) -> None:
    run = find(short(rounds="continued", replicates=1, controls=()), out=tmp_path / "run")
    first, second = LevelFolder(run, 1), LevelFolder(run, 2)
    trunk, initial = first.trunk(0), LevelFolder(run, 0).ticket(0).start
    assert trunk is not None
    ticket = second.ticket(0)
    for name, mask in ticket.mask.items():
        gone = first.ticket(0).mask[name] & ~mask
        assert trunk[name].abs()[mask].min() >= trunk[name].abs()[gone].max()
        assert torch.equal(ticket.start[name][mask], initial[name][mask])


def test_the_global_scope_and_other_structures_run(tmp_path: Path) -> None:
    whole = find(short(scope="global", replicates=1, controls=()), out=tmp_path / "global")
    assert len(set(LevelFolder(whole, 1).ticket(0).mask.densities().values())) == 3
    pattern = find(short(structure="2:4", levels=1, replicates=1, controls=()), out=tmp_path / "pattern")
    mask = LevelFolder(pattern, 1).ticket(0).mask
    assert mask.density == 0.5
    assert all((m.view(-1, 4).sum(1) == 2).all() for m in mask.values())
    channels = find(short(structure="channel", replicates=1, controls=()), out=tmp_path / "channels")
    rows = LevelFolder(channels, 1).ticket(0).mask["fc1.weight"].sum(1)
    assert sorted(set(rows.tolist())) == [0, 64] and int((rows == 0).sum()) == 60


def test_any_module_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_networks.py").write_text(
        "from torch import nn\n"
        "def build(classes):\n"
        "    conv = nn.Conv2d(1, 8, 3, padding=1)\n"
        "    return nn.Sequential(conv, nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(512, classes))\n"
    )
    monkeypatch.chdir(tmp_path)
    changes = {"model": "my_networks:build", "optimizer": "momentum", "learning_rate": 0.05, "augment": "flip-crop"}
    run = find(short(**changes), out=tmp_path / "run")
    ticket, module = load_ticket(LevelFolder(run, 2).ticket_path(0), trained=True)
    assert isinstance(module, nn.Sequential) and isinstance(module[1], nn.BatchNorm2d)
    assert set(ticket.mask) == {"0.weight", "4.weight"}
    first = LevelFolder(run, 0).ticket(0)
    assert all(torch.equal(ticket.start[n], first.start[n]) for n in first.start if n.startswith("1."))


def test_killed_in_the_middle_of_a_level_and_run_again_gives_the_same_masks(tmp_path: Path) -> None:
    """kill -9 at several places; the finished run has the mask hashes of one left alone."""
    changes = {"levels": "2", "steps": "400it", "evaluate-every": "50", "replicates": "2"}
    flags = [word for name, value in changes.items() for word in (f"--{name}", value)] + ["--checkpoint-seconds", "0"]
    recipe = lenet_digits(levels=2, steps="400it", evaluate_every=50, replicates=2)
    undisturbed = find(recipe, out=tmp_path / "whole")
    killed = tmp_path / "killed"
    for marker in ("level-01/checkpoint-0.safetensors", "level-02/checkpoint-0.safetensors"):
        _run_until(killed, marker, flags)
        assert not (killed / marker.split("/")[0] / "done.json").exists()
    find(recipe, out=killed)
    assert digests(RunFolder.open(killed)) == digests(undisturbed)
    sql = "select * from metrics where split='validation' order by all"
    assert query(killed / "metrics", sql) == query(undisturbed.metrics, sql)


def _run_until(out: Path, marker: str, flags: list[str]) -> None:
    """Run the command and kill it with -9 as soon as the marker file is there."""
    command = [sys.executable, "-m", "winnow", "tickets", "find", "lenet-digits", *flags, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (out / marker).exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (out / marker).exists(), "it ended before it could be killed"


def test_the_ladder_of_lenet_on_mnist(mnist: Path) -> None:
    from winnow.recipes import lenet_mnist

    described = prepare(lenet_mnist(data=str(mnist))).describe()
    percents = described["density_percent"]
    assert isinstance(percents, list)
    assert [percents[level] for level in (3, 7, 9, 15)] == [51.28, 21.07, 13.52, 3.58]
    assert described["prunable_weights"] == 266_200
    assert json.dumps(described)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"levels": 60}, "WN-P01"),
        ({"model": "no-such-net"}, "WN-M01"),
        ({"model": "torch.nn:Identity"}, "WN-M0[23]"),
        ({"data": "nowhere"}, "WN-D01"),
        ({"learning_rate": 1e30, "optimizer": "sgd"}, "WN-T01"),
        ({"optimizer": "lion"}, "WN-T03"),
        ({"validation": 5000}, "WN-D06"),
        ({"batch": 5000}, "WN-D06"),
        ({"score": "vibes"}, "WN-R02"),
        ({"rewind": "40it"}, "WN-R02"),
        ({"scaling": "log"}, "WN-C01"),
    ],
)
def test_bad_input_is_a_coded_error_and_leaves_nothing(changes: dict[str, Any], code: str, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "run"
    with pytest.raises(WinnowError, match=code):
        find(short(**changes), out=out)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_recipe_is_refused(run: RunFolder) -> None:
    with pytest.raises(WinnowError, match="WN-R03"):
        find(short(batch=30), out=run.path)


def test_a_truncated_ticket_is_told(tmp_path: Path) -> None:
    run = find(short(replicates=1, controls=()), out=tmp_path / "run")
    file = LevelFolder(run, 1).ticket_path(0) / "trained.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    (LevelFolder(run, 2).path / "done.json").unlink()
    with pytest.raises(WinnowError, match="WN-S03"):
        find(short(replicates=1, controls=()), out=run.path)
