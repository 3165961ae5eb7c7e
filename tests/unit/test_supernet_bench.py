"""ONNX of the compact network, and how the forms are timed."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
import torch

from compact_cases import least, random_mask, stirred_dead
from winnow.core import WinnowError
from winnow.exports.onnx_file import open_onnx
from winnow.supernet.compact import Percentiles, bench, compacted, export_onnx, save_network
from winnow.supernet.compact.bench import COMPACT, DENSE, MASKED, ONNX, STORED, BenchRow
from winnow.supernet.compact.latency import percentiles

pytestmark = pytest.mark.usefixtures("one_thread")


def made(path, task):
    network = stirred_dead(least(task), 6, torch.float32)
    mask = random_mask(network, 0.5)
    report = {"mean": [0.4, 0.5, 0.6], "deviation": [0.2, 0.25, 0.5]}
    return save_network(path / "network.safetensors", network.architecture, network.state_dict(), mask, report)


# Of keypoints and segmentation the networks are the same.
@pytest.mark.parametrize("task", ["classification", "keypoints"])
def test_an_onnx_file_takes_stored_images_of_any_count(tmp_path, task):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    saved = made(tmp_path, task)
    written = export_onnx(saved, tmp_path / "network.onnx")
    assert written.difference is not None and written.difference < 1e-4
    images = torch.randint(0, 256, (3, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    scaled = (images / 255 - torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1)) / torch.tensor([0.2, 0.25, 0.5]).view(3, 1, 1)
    wanted = compacted(saved.network(), saved.mask)(scaled)
    torch.testing.assert_close(open_onnx(written.path)(images), wanted, rtol=0, atol=1e-4)


def test_an_onnx_file_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr("winnow.supernet.compact.onnx.write_onnx", lambda _, path: path.touch())
    monkeypatch.setattr("winnow.supernet.compact.onnx.open_onnx", lambda _: lambda images: torch.ones(len(images), 3))
    with pytest.raises(WinnowError, match="WN-E03"):
        export_onnx(made(tmp_path, "classification"), tmp_path / "network.onnx")
    assert not (tmp_path / "network.onnx").exists()


def test_every_form_is_timed_and_compared(tmp_path, monkeypatch):
    room = importlib.import_module(bench.__module__)
    monkeypatch.setattr(room, "has", lambda _: False)
    monkeypatch.setattr(room, "faster", lambda calls: list(calls)[-1])
    rows = bench(made(tmp_path, "segmentation"), (1, 2), rounds=1, seconds=0.001)
    assert [(row.variant, row.batch) for row in rows] == [
        (name, batch) for batch in (1, 2) for name in (DENSE, MASKED, COMPACT, STORED, ONNX)
    ]
    for row in rows:
        if row.variant == ONNX:
            assert row.latency is None and "onnxruntime" in row.note
        else:
            assert row.latency is not None and 0 < row.latency.p50 <= row.latency.p95
            assert (row.difference is None) is (row.variant == DENSE)
            assert (row.difference or 0) < 1e-5
    assert "blocks on stored weights" in rows[3].note and rows[0].note == "channels last"


def test_threads_are_as_before_even_when_it_breaks_off(tmp_path):
    saved, before = made(tmp_path, "keypoints"), torch.get_num_threads()

    def breaks(_: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bench(saved, (1,), threads=2, names=(), progress=breaks)
    assert torch.get_num_threads() == before


def test_percentiles_are_of_single_calls_without_the_first_ones(monkeypatch):
    now, naps = [0.0], iter([5.0] * 3 + [0.001] * 18 + [0.03] * 2)
    monkeypatch.setattr("winnow.supernet.compact.latency.time", SimpleNamespace(perf_counter=lambda: now[0]))

    def call() -> None:
        now[0] += next(naps)

    (found,) = percentiles({"call": call}, 1, 15.0775).values()
    assert found == pytest.approx(Percentiles(1.0, 30.0, 20)), "two calls of twenty are long"


def test_forms_take_turns():
    heard: list[str] = []
    percentiles({name: lambda name=name: heard.append(name) for name in "ab"}, 2, 0)
    assert "".join(heard) == "aaaabbbbbbbbaaaa"


def test_ratios_are_of_medians():
    slow, fast = (BenchRow("a", 1, Percentiles(ms, 9.0, 5)) for ms in (6.0, 2.0))
    assert fast.ratio(slow) == 3 and slow.ratio(fast) == pytest.approx(1 / 3)
    assert fast.ratio(BenchRow("b", 1, note="it did not run")) is None
