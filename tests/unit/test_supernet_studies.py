"""One run of a supernet: its folder, its identity, going on after a kill, and every pipeline at equal compute."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.supernet_study_cases import RECIPE, labelled, use_mini

from winnow.core import WinnowError, identity
from winnow.sparsity import Ticket
from winnow.storage import query, read_json
from winnow.supernet.compact.saved import load_network
from winnow.supernet.space import SPACES, Architecture, costs_of, dense_architecture, space_named
from winnow.supernet.studies import (
    ABLATIONS,
    PIPELINES,
    Comparison,
    DrawResult,
    Work,
    ablate,
    dense_small,
    plan_ablation,
    plan_draw,
    read_comparison,
    read_draw,
    read_source,
    run_draw,
)
from winnow.supernet.studies import training as study_training
from winnow.supernet.studies.cells import run_cell
from winnow.supernet.studies.pipelines import legs_of, pipeline_named

ALL = {**PIPELINES, **ABLATIONS}
SIZES = dict(SPACES)  # before the tests' own takes the place of one
STEPS = RECIPE.steps + RECIPE.retrain_steps


@pytest.fixture(scope="module", autouse=True)
def _mini() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_mini(patch)
        yield


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Every pipeline once, at one sparsity."""
    plan = plan_ablation(
        RECIPE, out=tmp_path_factory.mktemp("study") / "run", pipelines=list(ALL), seeds=[1], data=labelled()
    )
    return ablate(plan, data=labelled())


def _cell(study: Comparison, name: str) -> DrawResult:
    return read_draw(study.folder / "cells" / (f"{name}-s1" if name == "dense" else f"{name}-p50-s1"))


def test_a_plan_counts_and_writes_nothing(tmp_path: Path) -> None:
    plan = plan_draw(RECIPE, "mini", tmp_path / "run", data=labelled())
    dense = dense_architecture(space_named("tiny", tokens=False), "classification", 3, RECIPE.size)
    told = plan.to_plain()
    assert (told["units"], told["macs"]) == (dense.units, costs_of(dense).macs)
    assert told["steps"] == STEPS
    assert told["data"]["images"] == {"train": 24, "validation": 6, "test": 6}
    assert not plan.path.exists()


def test_identity_is_that_of_recipe_and_data_and_names_the_folder() -> None:
    plan = plan_draw(RECIPE, "mini", data=labelled())
    assert plan.run_id == identity(RECIPE, labelled().fingerprint)
    assert plan.path == Path("runs") / f"supernet-mini-{plan.run_id[:12]}"
    assert plan_draw(replace(RECIPE, data="elsewhere"), "other", data=labelled()).run_id == plan.run_id
    others = [plan_draw(RECIPE, pipeline="search-then-prune", data=labelled())]
    others += [plan_draw(RECIPE, pipeline="random-matched", source_id=one, data=labelled()) for one in ("a", "b")]
    others.append(plan_draw(replace(RECIPE, seed=3), data=labelled()))
    assert len({plan.run_id, *(other.run_id for other in others)}) == 5


def test_data_of_another_task_or_size_are_refused() -> None:
    for changes in ({"task": "segmentation"}, {"width": 32}):
        with pytest.raises(WinnowError, match="WN-M02"):
            plan_draw(replace(RECIPE, **changes), data=labelled())


@pytest.mark.parametrize("name", ALL)
def test_every_pipeline_takes_the_same_steps(name: str) -> None:
    for steps in (8, 9, 1501):
        recipe = replace(RECIPE, steps=steps)
        legs = [leg.phase for leg in legs_of(pipeline_named(name), recipe)]
        assert sum(phase.steps for phase in legs) == steps + recipe.retrain_steps
        assert (legs[-1].search, legs[-1].prune) == (False, False), "all is frozen while it is retrained"
    assert sum(leg.phase.steps for leg in legs_of(pipeline_named(name), replace(RECIPE, retrain_steps=0))) == 8


@pytest.mark.parametrize("name", ALL)
def test_every_pipeline_ends_at_its_steps_and_its_sparsity(study: Comparison, name: str) -> None:
    drawn, retrained = _cell(study, name).rows
    assert (drawn.row, drawn.steps, retrained.row, retrained.steps) == ("drawn", 8, "retrained", STEPS)
    source = read_source(study.folder / "cells" / (f"{name}-s1" if name == "dense" else f"{name}-p50-s1"))
    total, kept = (sum(f(m) for m in source.mask.values()) for f in (torch.Tensor.numel, lambda m: int(m.sum())))
    expected = round(total / 2) if ALL[name].masked else total
    if name in ("no-reactivation", "neither"):
        assert 0.97 * expected < kept <= expected, "the last search takes masked and unmasked weights, and none returns"
    else:
        assert abs(kept - expected) <= 1
    for row in (drawn, retrained):
        assert row.sparsity == pytest.approx(1 - kept / total)
        assert row.weights == row.parameters - (total - kept)
        assert row.sparse_macs < row.macs or not ALL[name].masked
    assert all(bool((source.trained[n][~m] == 0).all()) for n, m in source.mask.items())


def test_searching_pipelines_come_down_to_the_budget_and_dense_stays(study: Comparison) -> None:
    for name in (
        "two-in-one",
        "search-then-prune",
        "prune-then-search",
        "no-progressive",
        "no-reactivation",
        "neither",
    ):
        result = _cell(study, name)
        assert result.last.macs <= RECIPE.budget * result.dense_macs < result.dense_macs
        assert result.last.units < 144
    dense = _cell(study, "dense")
    assert (dense.last.macs, dense.last.weights) == (dense.dense_macs, dense.dense_parameters)


def test_baselines_share_with_two_in_one_what_they_say(study: Comparison) -> None:
    cells = study.folder / "cells"
    ticket = read_source(cells / "two-in-one-p50-s1")
    random, compact, small = (
        read_source(cells / f"{name}-p50-s1") for name in ("random-matched", "compact-magnitude", "dense-small")
    )
    assert random.architecture == compact.architecture == ticket.architecture
    counts = [{name: int(part.sum()) for name, part in one.mask.items()} for one in (ticket, random)]
    assert counts[0] == counts[1]
    assert any(not torch.equal(random.mask[name], ticket.mask[name]) for name in ticket.mask)
    kept = random.mask["stem.0.weight"] & ticket.mask["stem.0.weight"]
    assert not torch.equal(random.start["stem.0.weight"][kept], ticket.start["stem.0.weight"][kept]), "fresh weights"
    assert abs(small.weights - ticket.weights) < 0.08 * ticket.weights, "paths of so few units are scaled coarsely"
    assert all(bool(part.all()) for part in small.mask.values())


def test_pruned_weights_return_only_with_reactivation(study: Comparison) -> None:
    events = {name: read_json(_cell(study, name).folder / "events.json") for name in ALL}
    for name in ("no-reactivation", "neither"):
        assert all(event["returned"] == 0 for event in events[name] if event["kind"] == "prune")
    for name in ("no-progressive", "neither"):
        first = next(event for event in events[name] if event["kind"] == "prune")
        assert first["sparsity"] == pytest.approx(0.5, abs=1e-3), "all at once"
    progressive = [event["sparsity"] for event in events["two-in-one"] if event["kind"] == "prune"]
    assert progressive == pytest.approx([0.25, 0.5, 0.5, 0.5], abs=1e-3)
    steps = {name: [event["step"] for event in found] for name, found in events.items()}
    assert steps["dense"] == steps["dense-small"] == steps["random-matched"] == []
    counted = {name: Counter(e["kind"] for e in events[name]) for name in ("two-in-one", "search-then-prune")}
    assert counted["two-in-one"] == counted["search-then-prune"], "half as long, as many events"


def test_a_run_leaves_a_whole_folder(study: Comparison) -> None:
    result = _cell(study, "two-in-one")
    there = {path.name for path in result.folder.iterdir() if not path.name.startswith(".")}
    assert there == {
        "recipe.json", "environment.json", "metrics", "events.json", "result.json", "network.safetensors", "ticket",
        "ticket-retrained",
    }  # fmt: skip
    exported, ticket = load_network(result.folder / "network.safetensors"), Ticket.from_pretrained(result.ticket)
    assert result.ticket.name == "ticket-retrained"
    assert exported.mask.kept == ticket.mask.kept
    assert all(torch.equal(exported.mask[name], part) for name, part in ticket.mask.items())
    assert ticket.trained is not None
    assert all(torch.equal(exported.tensors[name], tensor) for name, tensor in ticket.trained.items())
    assert exported.report["results"]["test"] == result.last.test
    sql = "select branch, step, value from metrics where split = 'test' and metric = 'accuracy' order by step"
    rows = query(result.folder / "metrics", sql)
    assert [(row["branch"], row["step"]) for row in rows] == [("drawn", 8), ("retrained", 10)]
    assert rows[1]["value"] == result.last.test["accuracy"]
    assert any(r["branch"] == "draw" for r in query(result.folder / "metrics", "select distinct branch from metrics"))


def test_tables_hold_every_network_and_a_difference_for_every_other_arm(study: Comparison) -> None:
    assert len(study.networks) == 2 * len(ALL)
    assert {row["arm"] for row in study.arms if "difference_mean" not in row} == {"two-in-one"}
    values = {(row["arm"], row["row"]): row["test"] for row in study.networks}
    for row in study.arms:
        assert row["test_mean"] == values[row["arm"], row["row"]]
        assert row["test_low"] is None, "one seed has no interval"
        if "difference_mean" in row:
            assert row["difference_mean"] == pytest.approx(row["test_mean"] - values["two-in-one", row["row"]])
    assert [row["factor"] for row in study.effects] == [
        "progressive pruning", "iterative reactivation", "retraining",
    ]  # fmt: skip
    assert any("cannot be told from two-in-one by one seed" in sentence for sentence in study.verdicts)
    assert read_comparison(study.folder) == study
    assert {path.name for path in (study.folder / "tables").glob("*.parquet")} == {
        "networks.parquet", "arms.parquet", "effects.parquet",
    }  # fmt: skip


def test_a_second_call_trains_nothing(study: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a finished run was trained again")

    monkeypatch.setattr(study_training, "train_phases", never)
    plan = plan_ablation(RECIPE, out=study.folder, pipelines=list(ALL), seeds=[1], data=labelled())
    assert plan.pending() == []
    assert ablate(plan, data=labelled()) == study


def test_a_killed_run_ends_as_one_left_alone(
    study: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of a leg, between the legs, and while it was measured at the end."""
    recipe = replace(RECIPE, seed=1)
    plan = plan_draw(recipe, out=tmp_path / "run", pipeline="prune-then-search", data=labelled())
    stages = [(0, 3), (1, 2), (2, None)]
    train, finish = study_training.train_phases, study_training._Run.finish
    for leg, stop in stages:
        seen: list[int] = []

        def killed(*given: Any, leg: int = leg, stop: int | None = stop, seen: list[int] = seen, **named: Any) -> Any:
            seen.append(1)
            if len(seen) <= leg or stop is None:
                return train(*given, **named)
            train(*given, **{**named, "stop_after": stop})
            raise KeyboardInterrupt

        def broken(*_: Any, **__: Any) -> Any:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(study_training, "train_phases", killed)
            patch.setattr(study_training._Run, "finish", broken if stop is None else finish)
            run_draw(plan, data=labelled())
        with pytest.raises(WinnowError, match="WN-R05"):
            read_draw(plan.path)
    result, alone = run_draw(plan, data=labelled()), _cell(study, "prune-then-search")
    assert result.rows == alone.rows
    one, other = read_source(result.folder), read_source(alone.folder)
    assert all(torch.equal(tensor, other.trained[name]) for name, tensor in one.trained.items())
    assert read_json(result.folder / "events.json") == read_json(alone.folder / "events.json")
    assert not (result.folder / "checkpoints").exists()


def test_a_failing_cell_leaves_the_others(tmp_path: Path) -> None:
    """Two-in-one fails by its budget: what starts from it fails too, and dense stands."""
    recipe = replace(RECIPE, budget=0.01, retrain_steps=0, steps=2)
    plan = plan_ablation(
        recipe, out=tmp_path / "run", pipelines=["dense", "random-matched"], seeds=[0], data=labelled()
    )
    found = ablate(plan, data=labelled())
    assert {name: error[:6] for name, error in found.failed.items()} == {
        "two-in-one-p50-s0": "WN-R02",
        "random-matched-p50-s0": "WN-R05",
    }
    assert [(row["arm"], row["row"]) for row in found.arms] == [("dense", "drawn")]


def test_cells_go_to_other_processes() -> None:
    """What a worker gets can be pickled, the data in memory too."""
    plan = plan_draw(RECIPE, data=labelled())
    call, given, _, data = pickle.loads(pickle.dumps((run_cell, plan, Work(), labelled())))
    assert (call, given) == (run_cell, plan)
    assert torch.equal(data.train.images, labelled().train.images)


def test_another_recipe_is_refused_the_folder(study: Comparison) -> None:
    other = plan_ablation(replace(RECIPE, rho=0.1), out=study.folder, pipelines=["dense"], data=labelled())
    with pytest.raises(WinnowError, match="WN-R03"):
        ablate(other, data=labelled())
    again = plan_ablation(RECIPE, out=study.folder, pipelines=["dense"], sparsities=[0.9], seeds=[7], data=labelled())
    assert again.run_id == plan_ablation(replace(RECIPE, seed=4), data=labelled()).run_id, "more cells, same folder"


@pytest.mark.parametrize("name", ["direct", "nothing"])
def test_an_unknown_pipeline_is_named(name: str) -> None:
    with pytest.raises(WinnowError, match=r"(?s)WN-C01.*two-in-one"):
        plan_ablation(RECIPE, pipelines=[name], data=labelled())


@pytest.mark.parametrize(("space", "share"), [("tiny", 0.05), ("tiny", 0.4), ("small", 0.1), ("small", 0.8)])
def test_dense_small_has_as_many_weights_and_uniform_widths(space: str, share: float) -> None:
    dense = dense_architecture(SIZES[space].without_tokens(), "classification", 10, (32, 32))
    target = round(share * costs_of(dense).parameters)
    small = dense_small(dense, target)
    assert abs(costs_of(small).parameters - target) < 0.05 * target
    full = dense_architecture(small.space, small.task, small.outputs, small.input_size)
    shares = [
        n / m for row, whole in zip(small.widths, full.widths, strict=True) for n, m in zip(row, whole, strict=True)
    ]
    widest = max(max(row) for row in full.widths)
    assert max(shares) - min(shares) <= 1 / min(m for row in full.widths for m in row) + 1 / widest


def test_dense_small_keeps_the_ticket_s_tokens_and_is_the_supernet_at_full_size() -> None:
    dense = dense_architecture(space_named("tiny"), "segmentation", 4, (32, 32))
    ticket: Architecture = dense.with_widths(dense.widths, [min(n, 1) for n in dense.tokens])
    assert dense_small(ticket, 3000).tokens == ticket.tokens
    assert dense_small(dense, costs_of(dense).parameters) == dense
