"""Pruning while training, supermasks and early-bird drawing through the real command and `find`, on digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from winnow.cli import main
from winnow.core import WinnowError
from winnow.recipes import lenet_digits
from winnow.sparsity import Ticket
from winnow.storage import RunFolder, query
from winnow.tickets import find, prepare
from winnow.tickets.early_bird import early_bird_weights
from winnow.tickets.levels import LevelFolder
from winnow.tickets.recipe import FindRecipe
from winnow.training import CheckpointFile

METHODS = ["set", "rigl", "gradual", "movement", "edge-popup"]
FIND = ["tickets", "find", "lenet-digits"]
AT_START = ["--rounds", "at-start", "--score", "random", "--scope", "erk", "--densities", "0.1", "--controls", "none"]

pytestmark = pytest.mark.usefixtures("one_thread")


def recipe(**changes: Any) -> FindRecipe:
    short = {"steps": "60it", "evaluate_every": 20, "replicates": 2, "controls": (), "update_every": 10}
    return lenet_digits(**{**short, **changes})


def at_start(method: str, **changes: Any) -> FindRecipe:
    given = {"rounds": "at-start", "score": "random", "scope": "erk", "densities": (0.1,), "during": method}
    return recipe(**{**given, **changes})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    folder = tmp_path_factory.mktemp("during")
    return {method: find(at_start(method), out=folder / method) for method in ("none", *METHODS)}


def tickets(run: RunFolder, level: int) -> list[Ticket]:
    return [LevelFolder(run, level).ticket(replicate) for replicate in range(2)]


@pytest.mark.parametrize("method", METHODS)
def test_a_level_keeps_its_exact_count_starts_from_the_initial_weights_and_learns(
    method: str, runs: dict[str, RunFolder]
) -> None:
    run, pools = runs[method], prepare(at_start(method)).ladder[1]
    for ticket, dense in zip(tickets(run, 1), tickets(run, 0), strict=True):
        kept = {name: int(mask.sum()) for name, mask in ticket.mask.items()}
        assert kept == {pool.names[0]: pool.keep for pool in pools}
        assert ticket.trained is not None
        for name, mask in ticket.mask.items():
            assert torch.equal(ticket.start[name][mask], dense.start[name][mask])
            assert torch.count_nonzero(ticket.start[name][~mask]) == 0
            assert torch.count_nonzero(ticket.trained[name][~mask]) == 0
            assert torch.equal(ticket.trained[name], ticket.start[name]) == (method == "edge-popup")
    last = query(
        run.metrics,
        "select level, avg(value) as accuracy from metrics "
        "where split='test' and metric='accuracy' and step=60 group by 1",
    )
    accuracies = {row["level"]: row["accuracy"] for row in last}
    assert accuracies[0] > 0.9 and accuracies[1] > 0.5
    ways = [LevelFolder(run, level).done()["execution"][0] for level in (0, 1)]
    assert ways[0] == "dense: nothing is pruned"
    assert ways[1].startswith(("dense: the mask changes", "dense: scores are trained"))


def test_methods_end_with_masks_of_their_own_and_set_starts_at_the_levels_mask(runs: dict[str, RunFolder]) -> None:
    digests = [digest for run in runs.values() for digest in LevelFolder(run, 1).done()["masks"]]
    assert len(set(digests)) == len(digests) == 2 * 6
    starts, ends = tickets(runs["none"], 1)[0].mask, tickets(runs["set"], 1)[0].mask
    shared = sum(int((starts[name] & ends[name]).sum()) for name in starts) / starts.kept
    assert 0.5 < shared < 1


def test_the_command_prunes_while_it_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    options = ["--during", "rigl", "--steps", "60", "--update-every", "10", "--replicates", "2"]
    assert main([*FIND, *AT_START, *options, "--out", str(out), "--json"]) == 0
    json.loads(capsys.readouterr().out)
    changes = query(
        RunFolder(out).metrics,
        "select step, value from metrics where metric='mask_change' and replicate=0 order by step",
    )
    assert [row["step"] for row in changes] == [10, 20, 30, 40, 45]
    assert changes[0]["value"] > changes[3]["value"] > 0 == changes[4]["value"]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"during": "gradual", "structure": "2:4", "densities": (0.5,)}, "--structure"),
        ({"during": "rigl", "structure": "channel"}, "--structure"),
        ({"during": "rigl", "update_until": 0.001}, "--update-until"),
        ({"during": "edge-popup", "rewind": "10it"}, "--rewind"),
        ({"during": "none", "rounds": "oneshot", "early_bird": 0.3, "densities": (0.1,)}, "--early-bird"),
    ],
)
def test_what_cannot_be_pruned_in_training_is_refused_before_anything_is_written(
    options: dict[str, Any], where: str, tmp_path: Path
) -> None:
    with pytest.raises(WinnowError, match="WN-R02") as refused:
        find(at_start(**{"method": options["during"], **options}), out=tmp_path / "run")
    assert refused.value.where == where
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("method", ["movement", "edge-popup"])
def test_a_run_that_was_interrupted_ends_with_the_same_tickets(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = at_start(method, replicates=1)
    whole = find(made, out=tmp_path / "whole")
    write = CheckpointFile.write

    def written(self: CheckpointFile, checkpoint: Any) -> None:
        write(self, checkpoint)
        if self.path.parent.name == "level-01":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointFile, "write", written)
        with pytest.raises(KeyboardInterrupt):
            find(made, out=tmp_path / "killed", checkpoint_seconds=0)
    killed = RunFolder(tmp_path / "killed")
    assert not LevelFolder(killed, 1).is_done() and LevelFolder(killed, 1).checkpoint_path(0).exists()
    find(made, out=killed.path)
    one, other = (LevelFolder(run, 1).ticket(0) for run in (whole, killed))
    assert one.mask.digest() == other.mask.digest()
    assert one.trained is not None and other.trained is not None
    assert all(torch.equal(tensor, other.trained[name]) for name, tensor in one.trained.items())


def test_early_bird_weights_are_what_is_pruned_and_the_dense_network_trains_to_its_end(tmp_path: Path) -> None:
    early = recipe(rounds="oneshot", densities=(0.5,), early_bird=0.1, steps="200it")
    run = find(early, out=tmp_path / "early")
    plain = find(recipe(rounds="oneshot", densities=(0.5,), steps="200it"), out=tmp_path / "plain")
    told = query(run.metrics, "select replicate, metric, value from metrics where metric like 'early_bird%'")
    values = {(row["replicate"], row["metric"]): row["value"] for row in told}
    for replicate, (dense, ticket) in enumerate(zip(tickets(run, 0), tickets(run, 1), strict=True)):
        step = values[replicate, "early_bird_step"]
        # An epoch of digits is 19 steps, and it takes five looks.
        assert 5 * 19 <= step < 200 and step % 19 == 0
        assert values[replicate, "early_bird_cost"] == step / 200
        drawn = early_bird_weights(LevelFolder(run, 0).path, replicate)
        trained, control = dense.trained, LevelFolder(plain, 0).ticket(replicate).trained
        assert drawn is not None and trained is not None and control is not None
        assert all(torch.equal(tensor, control[name]) for name, tensor in trained.items())
        for name, mask in ticket.mask.items():
            assert drawn[name].abs()[mask].min() >= drawn[name].abs()[~mask].max()
            assert torch.equal(ticket.start[name][mask], dense.start[name][mask])
    assert LevelFolder(run, 1).done()["masks"] != LevelFolder(plain, 1).done()["masks"]
