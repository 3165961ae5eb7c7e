"""The bench: every variant has numbers or a reason, and one that fails takes no other with it."""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from test_exports import made
from torch import nn

from helpers import SmallConv, small_chain
from winnow.exports import bench, timing
from winnow.exports.bench import Row
from winnow.exports.memory import Memory, memory_of
from winnow.exports.timing import Latency, interleaved
from winnow.exports.variants import VARIANTS, Absent, Built, _semi_structured

CHAIN = (1, 4, 4)


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    # The package's function of that name hides the module from a dotted path.
    monkeypatch.setattr(importlib.import_module("winnow.exports.bench"), "memory_of", lambda *_: Memory(1.0, 2.0))


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_BLOCK_SECONDS", 0.001)
    monkeypatch.setattr(timing, "_WARM_SECONDS", 0.0005)


def rows(
    names: list[str], build: Callable[[], nn.Module] = small_chain, shape: tuple[int, ...] = CHAIN
) -> dict[str, Row]:
    ticket, module = made(build, density=0.2)
    found = bench(ticket, module, input_shape=shape, names=names, batches=(1, 4), repeats=3)
    assert [row.variant for row in found] == names
    return {row.variant: row for row in found}


@pytest.mark.usefixtures("no_memory")
def test_what_runs_has_size_latency_and_difference() -> None:
    found = rows(["dense torch", "masked", "compact", "torch CSR"])
    dense = found["dense torch"]
    for row in found.values():
        assert row.reason == "" and row.bytes
        assert set(row.latency) == {1, 4}
        assert all(0 < t.minimum <= t.median <= t.maximum < math.inf for t in row.latency.values())
        assert row.ratio(4, dense) == dense.latency[4].median / row.latency[4].median
        assert row.memory == Memory(1.0, 2.0)
    assert found["masked"].difference == 0
    assert dense.difference is None  # its weights are others
    assert all(row.difference < 1e-5 for row in found.values() if row.difference is not None)


def test_memory_is_of_a_process_that_has_only_the_file(tmp_path: Path) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("measured on Linux only")

    def wide() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 200_000), nn.Linear(200_000, 3))

    memory = rows(["masked"], wide)["masked"].memory
    weights = 200_000 * 19 * 4 / 2**20
    assert memory.reason == "" and memory.held is not None and memory.peak is not None
    # Four images of 200,000 values are 3 MiB.
    assert 0.9 * weights < memory.held < 3 * weights
    assert memory.held <= memory.peak < memory.held + 40


def test_a_process_that_fails_gives_its_reason(tmp_path: Path) -> None:
    memory = memory_of("masked", tmp_path / "missing", 1, CHAIN)
    assert memory.held is None and ("WN-S03" in memory.reason or "Linux" in memory.reason)


@pytest.mark.usefixtures("no_memory")
def test_what_cannot_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winnow.exports.variants.shutil.which", lambda _: None)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    found = rows(["masked", "compiled torch", "torch CSR", "2:4 on GPU"], SmallConv, (3, 6, 6))
    assert found["masked"].reason == ""
    assert "compiler" in found["compiled torch"].reason
    assert "convolution" in found["torch CSR"].reason
    assert "CUDA" in found["2:4 on GPU"].reason
    assert not any(row.latency for row in found.values() if row.reason)


@pytest.mark.usefixtures("no_memory")
@pytest.mark.parametrize("stage", ["opening", "running"])
def test_a_variant_that_fails_takes_no_other_with_it(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Built:
        raise RuntimeError("the runtime\nand pages more")

    build = fails if stage == "opening" else lambda *_: Built(fails)  # pyright: ignore[reportArgumentType]
    monkeypatch.setitem(VARIANTS, "compact", dataclasses.replace(VARIANTS["compact"], build=build))
    found = rows(["compact", "masked"])
    assert found["compact"].reason == "RuntimeError: the runtime" and found["compact"].latency == {}
    assert found["masked"].latency


@pytest.mark.usefixtures("no_memory")
def test_threads_and_the_callers_module_are_as_before() -> None:
    ticket, module = made(small_chain)
    module.train()
    before, seen = torch.get_num_threads(), []

    def note(_: str) -> None:
        seen.append(torch.get_num_threads())

    bench(ticket, module, input_shape=CHAIN, names=["masked"], batches=(1,), repeats=1, threads=2, progress=note)
    assert set(seen) == {2} and torch.get_num_threads() == before and module.training


@pytest.mark.usefixtures("no_memory")
def test_compaction_that_removes_nothing_is_not_measured_twice() -> None:
    ticket, module = made(small_chain, density=1.0)
    (row,) = bench(ticket, module, input_shape=CHAIN, names=["winnow sparse + compact"], batches=(1,), repeats=1)
    assert "removes nothing" in row.reason


def test_only_a_mask_of_that_pattern_runs_as_two_of_four() -> None:
    for weight in (torch.ones(4, 8), torch.zeros(4, 6)):
        with pytest.raises(Absent, match="2:4"):
            _semi_structured(weight)


def test_blocks_are_interleaved_and_every_round_begins_with_another() -> None:
    order: list[str] = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    found = interleaved(calls, repeats=3)
    runs = [name for place, name in enumerate(order) if place == 0 or order[place - 1] != name]
    # Once to count the calls of a block, then rounds beginning with a, b and c.
    assert "".join(runs) == "abc" + "abc" + "bca" + "cab"
    assert all(isinstance(t, Latency) for t in found.values())


def test_a_ratio_needs_both_numbers() -> None:
    timed = Row("a", latency={1: Latency(2.0, 1.0, 3.0)})
    assert timed.ratio(1, timed) == 1
    assert timed.ratio(1, Row("b")) is None and Row("b").ratio(1, timed) is None


@pytest.mark.usefixtures("no_memory")
@pytest.mark.parametrize(("build", "shape"), [(small_chain, CHAIN), (SmallConv, (3, 6, 6))])
def test_winnows_sparse_network_is_a_variant_like_the_others(
    build: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    pytest.importorskip("numba")
    row = rows(["winnow sparse"], build, shape)["winnow sparse"]
    assert row.reason == "" and set(row.latency) == {1, 4}
    assert row.difference is not None and row.largest_output is not None
    assert row.difference < 1e-5 * max(row.largest_output, 1)


def test_onnx_runtime_is_a_variant_like_the_others(no_memory: None) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    row = rows(["onnx runtime"])["onnx runtime"]
    assert row.reason == "" and set(row.latency) == {1, 4}
    assert row.difference is not None and row.difference < 1e-5
