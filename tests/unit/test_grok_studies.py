"""Studies: waves, run folders, resuming, and what is read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from winnow.core import WinnowError
from winnow.execution import Local
from winnow.grokking.accelerators import GRIDS
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.studies import StudyResult, plan_study, plan_tuning, read_study, run_study, run_tuning
from winnow.grokking.studies import opened as open_study
from winnow.grokking.studies.batches import closed, waves
from winnow.grokking.studies.training import Work, problem_of
from winnow.tickets import load_ticket

RECIPE = GrokRecipe(
    task="add-11",
    fraction=0.5,
    steps=60,
    ticket_steps=40,
    replicates=2,
    evaluate_every=10,
    evaluate_early=10,
    record_every=20,
    snapshot_every=20,
)


def test_branches_come_after_what_they_need() -> None:
    order = closed(["iterative", "ticket@4000,k0.7"])
    assert order == ["dense", "iterative~1", "iterative~2", "iterative", "ticket@4000,k0.7"]


def test_waves_hold_stacks_that_train_alike() -> None:
    order = closed(["dense", "ticket", "random", "ticket,k0.7", "edge-popup", "edge-popup-wd", "dense+muon"])
    planned = waves(RECIPE, order, 8)
    first = [{branch for branch, _ in batch.runs} for batch in planned[0]]
    assert first == [{"dense"}, {"random"}, {"edge-popup"}, {"edge-popup-wd"}, {"dense+muon"}]
    assert [{branch for branch, _ in batch.runs} for batch in planned[1]] == [{"ticket"}, {"ticket,k0.7"}]
    assert planned[0][0].steps == 60
    assert planned[1][0].steps == 40
    assert [len(batch.runs) for batch in waves(RECIPE, ["random", "snip"], 3)[0]] == [3, 1]


def test_a_study_keeps_curves_weights_masks_and_costs(tmp_path: Path) -> None:
    result = _study(tmp_path / "run", ["dense", "ticket", "ticket@20,k0.5", "synflow"])
    assert result.branches == ["dense", "ticket", "ticket@20,k0.5", "synflow"]
    assert {(r.branch, r.search_steps) for r in result.records} == {
        ("dense", 0),
        ("ticket", 60),
        ("ticket@20,k0.5", 20),
        ("synflow", 100),
    }
    assert result.kept_steps("dense", 1) == [0, 20, 40, 60]
    assert result.kept_steps("synflow", 0) == [40]
    mask = result.mask("ticket@20,k0.5", 1)
    assert mask is not None
    assert mask.density == pytest.approx(0.5, abs=1e-3)
    kept = result.weights("ticket@20,k0.5", 1, 40)
    assert all(bool((kept[name][~mask[name]] == 0).all()) for name in mask)
    assert result.mask("dense", 0) is None
    steps, values = result.curves["dense", 0]["test_accuracy"]
    assert steps.tolist() == [0, 10, 20, 30, 40, 50, 60], "ten times as close at first, where something is evaluated"
    assert bool(((values >= 0) & (values <= 1)).all())
    assert result.chance == pytest.approx(1 / 11)
    assert len({r.split for r in result.records}) == 2, "one split a replicate, shared by its branches"


def test_running_again_trains_nothing_and_other_branches_are_added(tmp_path: Path) -> None:
    told: list[str] = []
    first = _study(tmp_path / "run", ["dense"])
    written = (tmp_path / "run" / "done" / "dense-0.json").stat().st_mtime_ns
    _study(tmp_path / "run", ["ticket"], told=told.append)
    assert (tmp_path / "run" / "done" / "dense-0.json").stat().st_mtime_ns == written
    folder, recipe = open_study(tmp_path / "run")
    assert recipe == replace(RECIPE, replicates=recipe.replicates)
    everything = folder.read(recipe)
    assert everything.branches == ["dense", "ticket"]
    assert [r.memorised for r in everything.of("dense")] == [r.memorised for r in first.of("dense")]


def test_more_replicates_go_into_the_same_folder(tmp_path: Path) -> None:
    _study(tmp_path / "run", ["dense"])
    more = _study(tmp_path / "run", ["dense"], replace(RECIPE, replicates=3))
    assert [r.replicate for r in more.of("dense")] == [0, 1, 2]


def test_another_recipe_is_refused_the_folder(tmp_path: Path) -> None:
    _study(tmp_path / "run", ["dense"])
    with pytest.raises(WinnowError, match="WN-R03"):
        _study(tmp_path / "run", ["dense"], replace(RECIPE, learning_rate=2e-3))


def test_a_study_that_was_killed_ends_as_one_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from winnow.grokking.studies import folder

    whole = _study(tmp_path / "whole", ["dense", "ticket"])
    written, write = [], folder.StudyFolder.write

    def breaking(self: Any, run: Any, mask: Any, **kept: Any) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(run.branch)
        write(self, run, mask, **kept)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(folder.StudyFolder, "write", breaking)
        _study(tmp_path / "killed", ["dense", "ticket"])
    resumed = _study(tmp_path / "killed", ["dense", "ticket"])
    assert [(r.branch, r.replicate) for r in resumed.records] == [(r.branch, r.replicate) for r in whole.records]
    for replicate in range(2):
        one, other = whole.mask("ticket", replicate), resumed.mask("ticket", replicate)
        assert one is not None
        assert other is not None
        assert one.digest() == other.digest()


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    branches = ["dense", "random"]
    here = _study(tmp_path / "here", branches)
    there = _study(tmp_path / "there", branches, where=Local(jobs=2))
    for branch in branches:
        for replicate in range(2):
            last = here.kept_steps(branch, replicate)[-1]
            one, other = here.weights(branch, replicate, last), there.weights(branch, replicate, last)
            for name, tensor in one.items():
                torch.testing.assert_close(other[name], tensor, rtol=1e-4, atol=1e-6)


def test_a_mask_from_a_step_that_was_not_kept_is_told(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match=r"WN-R06.*there are 0, 20, 40, 60"):
        _study(tmp_path / "run", ["ticket@30"])


@pytest.mark.parametrize(
    "changes",
    [
        {"fraction": 1.0},
        {"steps": 0},
        {"rate": 0.0},
        {"record_every": 15},
        {"ticket_at": 99_999},
        {"snapshot_every": 0},
    ],
)
def test_a_recipe_that_cannot_be_run_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WinnowError, match="WN-R02"):
        replace(GrokRecipe(), **changes)


def test_a_folder_of_another_kind_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text('{"id": "0", "recipe": {}}')
    with pytest.raises(WinnowError, match="WN-R05"):
        open_study(tmp_path)


def _study(path: Path, branches: list[str], recipe: GrokRecipe = RECIPE, **how: Any) -> StudyResult:
    return run_study(plan_study(recipe, branches, out=path), work=Work(device="cpu"), **how)


def test_tuning_picks_the_soonest_setting_on_seeds_of_its_own(tmp_path: Path) -> None:
    recipe = replace(RECIPE, task="add-5", fraction=0.7, threshold=0.3, ticket_steps=300)
    plan = plan_tuning(recipe, ["adamw", "orthogonal"], tmp_path / "tuning", seeds=1)
    assert plan.study.recipe.seed != recipe.seed
    assert not set(plan.study.splits) & set(plan_study(recipe, ["dense"]).splits)
    best = run_tuning(plan, work=Work(device="cpu"))
    result = read_study(plan.study)
    for name, picked in best.items():
        times = {s.name: result.of(f"dense+{s.name}")[0].generalised for s in GRIDS[name]}
        reached = {setting: time for setting, time in times.items() if time is not None}
        assert picked == (min(reached, key=reached.__getitem__) if reached else f"{name}.1")
    table = (tmp_path / "tuning" / "tables" / "tuning.csv").read_text().splitlines()
    assert len(table) == 1 + len(GRIDS["adamw"]) + len(GRIDS["orthogonal"])


def test_a_ticket_is_kept_as_a_ticket_like_any_other(tmp_path: Path) -> None:
    result = _study(tmp_path / "run", ["ticket"])
    ticket, module = load_ticket(tmp_path / "run" / "tickets" / "ticket-1")
    assert ticket.mask == result.mask("ticket", 1)
    assert ticket.manifest["results"]["search_steps"] == 60
    start = problem_of(RECIPE).start(1)
    kept = dict(module.named_parameters())
    assert all(torch.equal(kept[name][mask], start[name][mask]) for name, mask in ticket.mask.items())
    assert ticket.trained is not None
    last = result.weights("ticket", 1, 40)
    assert all(torch.equal(ticket.trained[name], tensor) for name, tensor in last.items())
