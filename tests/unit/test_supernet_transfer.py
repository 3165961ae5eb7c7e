"""Tickets taken to another task: what the arms share with the source, bit for bit, and what is fresh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.supernet_study_cases import RECIPE, labelled, painted, use_mini

from winnow.core import WinnowError
from winnow.supernet.space import dense_architecture, space_named
from winnow.supernet.studies import (
    ARMS,
    Comparison,
    Source,
    plan_draw,
    plan_transfer,
    problem_of,
    read_draw,
    read_source,
    run_draw,
    transfer,
)
from winnow.supernet.studies.pipelines import pipeline_named
from winnow.supernet.studies.starts import Start, is_head, trunk

SOURCE = replace(RECIPE, tokens=True, steps=4, retrain_steps=1)
TARGET = replace(SOURCE, task="segmentation")


@pytest.fixture(scope="module", autouse=True)
def _mini() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_mini(patch)
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with token paths on the source's task."""
    plan = plan_draw(SOURCE, out=tmp_path_factory.mktemp("source") / "run", data=labelled())
    return run_draw(plan, data=labelled()).folder


@pytest.fixture(scope="module")
def study(source: Path) -> Comparison:
    plan = plan_transfer(source, TARGET, out=source.parent / "study", seeds=[5], data=painted(), source_data=labelled())
    return transfer(plan, data=painted(), source_data=labelled())


def _start(arm: str, source: Source) -> Start:
    dense = dense_architecture(space_named("tiny"), "segmentation", 2, TARGET.size)
    return pipeline_named(arm).start(dense, source, 5)


def _tensors(arm: str, source: Source) -> dict[str, torch.Tensor]:
    """A learner's tensors before the first step."""
    task = problem_of(TARGET, painted()).task
    return _start(arm, source).learner(task, TARGET).start


def test_arms_begin_with_what_they_say(source: Path) -> None:
    given = read_source(source)
    arms = {arm: _start(arm, given) for arm in ("architecture", "mask", "weights")}
    starts = {arm: _tensors(arm, given) for arm in arms}
    for arm in arms.values():
        assert arm.architecture == given.architecture.for_task("segmentation", 2, TARGET.size)
    assert arms["architecture"].mask == {}
    for arm in ("mask", "weights"):
        assert set(arms[arm].mask) == {name for name in given.mask if not is_head(name)}
        assert all(torch.equal(part, given.mask[name]) for name, part in arms[arm].mask.items())
    names = set(trunk(starts["weights"]))
    assert names == set(trunk(given.trained)), "the whole trunk, statistics too"
    assert all(torch.equal(starts["weights"][name], given.trained[name]) for name in names)
    assert all(torch.equal(starts["mask"][name], tensor) for name, tensor in starts["architecture"].items())
    drawn = "blocks.s1_fuse_0_0.expand.weight"
    assert not torch.equal(starts["mask"][drawn], given.start[drawn]), "fresh is not the source's own beginning"


def test_the_head_is_fresh_and_the_same_in_all_transferred_arms(source: Path) -> None:
    given = read_source(source)
    heads = [{n: t for n, t in _tensors(arm, given).items() if is_head(n)} for arm in ("architecture", "weights")]
    assert heads[0]
    assert {name.split(".")[0] for name in heads[0]} == {"blocks", "classifier"}
    assert all(torch.equal(tensor, heads[1][name]) for name, tensor in heads[0].items())
    same = _start("weights", given).architecture
    again = pipeline_named("weights").start(
        dense_architecture(space_named("tiny"), "classification", 3, SOURCE.size), given, 5
    )
    assert same.places[-1].name == "head_merge"
    assert not any(is_head(name) for name in {**again.weights, **again.mask}), "also on the source's own task"


def test_a_dense_trunk_is_taken_over_whole(study: Comparison) -> None:
    given = read_source(study.folder / "cells" / "source-dense-s0")
    start = _start("dense-pretrained", given)
    assert start.architecture == dense_architecture(space_named("tiny"), "segmentation", 2, TARGET.size)
    assert start.mask == {}
    assert set(start.weights) == set(trunk(given.trained))
    assert all(torch.equal(tensor, given.trained[name]) for name, tensor in start.weights.items())


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_takes_the_same_steps_and_ends_sparse(study: Comparison, source: Path, arm: str) -> None:
    folder = study.folder / "cells" / f"{arm}-p50-s5"
    result, there, given = read_draw(folder), read_source(folder), read_source(source)
    assert [row.steps for row in result.rows] == [4, 5]
    head = {name: part for name, part in there.mask.items() if is_head(name)}
    total, kept = sum(part.numel() for part in head.values()), sum(int(part.sum()) for part in head.values())
    if arm in ("mask", "weights"):
        assert abs(kept - total / 2) <= 1, "the fresh head is pruned by itself"
        for name in set(there.mask) - set(head):
            assert torch.equal(there.mask[name], given.mask[name]), "the trunk's mask stays bit for bit"
    else:
        assert result.last.sparsity == pytest.approx(0.5, abs=1e-3)
    assert result.metric == "miou"


def test_the_table_compares_with_the_target_itself(study: Comparison) -> None:
    assert study.reference == "direct"
    assert {row["arm"] for row in study.arms} == set(ARMS), "the dense run on the source is no row"
    assert sorted({row["arm"] for row in study.arms if "difference_mean" in row}) == sorted(set(ARMS) - {"direct"})
    assert study.failed == {}


def test_what_cannot_be_compared_is_refused(source: Path) -> None:
    for changes in ({"sparsity": 0.9}, {"tokens": False}):
        with pytest.raises(WinnowError, match="WN-R02"):
            plan_transfer(source, replace(TARGET, **changes), data=painted())
    with pytest.raises(WinnowError, match=r"WN-C01.*of a transfer"):
        plan_transfer(source, TARGET, arms=["two-in-one"], data=painted())
    with pytest.raises(WinnowError, match="WN-R05"):
        plan_transfer(source.parent, TARGET, data=painted())


def test_seeds_share_a_folder_and_sources_do_not(source: Path) -> None:
    one, other = (plan_transfer(source, TARGET, seeds=seeds, arms=["mask"], data=painted()) for seeds in ([0], [1, 2]))
    assert one.run_id == other.run_id
    assert [len(wave) for wave in other.waves] == [4], "direct and mask, two seeds, and no dense run on the source"
    assert len({cell.plan.run_id for cell in (*one.cells, *other.cells)}) == 6
