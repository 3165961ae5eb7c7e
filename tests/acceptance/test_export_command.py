"""`winnow tickets export` and `winnow tickets bench` on a small run: files that load anywhere, and coded errors."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from winnow.cli import main
from winnow.exports import load_exported
from winnow.exports.memory import Memory
from winnow.exports.timing import Latency
from winnow.recipes import lenet_digits
from winnow.sparsity import Ticket
from winnow.storage import read_json, write_json
from winnow.tickets import find, load_ticket

IMAGES = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    recipe = lenet_digits(levels=2, steps="20it", evaluate_every=10, replicates=1, rate_fc=0.7, rate_output=0.6)
    find(recipe, out=folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "run")


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["tickets", *words, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "" and captured.out.count("\n") == 1
    return json.loads(captured.out)


def expected(ticket: Path) -> torch.Tensor:
    return load_ticket(ticket, trained=True)[1].eval()(IMAGES)


@pytest.mark.parametrize("kind", ["dense", "compact", "sparse"])
def test_the_last_level_goes_into_the_runs_exports_and_loads_without_the_run(
    kind: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = said(["export", str(run), "--format", kind], capsys)
    file = run / "exports" / f"level-02-replicate-0.{kind}.safetensors"
    assert result["file"] == str(file) and result["bytes"] == file.stat().st_size
    assert result["largest_difference"] < 1e-5 and result["architecture"]
    wanted = expected(run / "level-02" / "replicate-0")
    shutil.rmtree(run / "level-02")
    assert torch.allclose(load_exported(file)(IMAGES), wanted, atol=1e-5)


def test_sparse_is_the_format_when_none_is_named_and_near_the_size_of_its_non_zeros(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = said(["export", str(run)], capsys)
    kept = Ticket.from_pretrained(run / "level-02" / "replicate-0").mask.kept
    assert result["format"] == "sparse"
    assert 4 * kept < result["bytes"] < 4.8 * kept + 8192
    assert result["percent_of_dense"] < 20


def test_onnx_runs_in_onnx_runtime(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    result = said(["export", str(run), "--format", "onnx", "--level", "1"], capsys)
    assert result["file"] == str(run / "exports" / "level-01-replicate-0.onnx")
    session = onnxruntime.InferenceSession(result["file"], providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"images": IMAGES.numpy()})
    assert torch.allclose(torch.from_numpy(found), expected(run / "level-01" / "replicate-0"), atol=1e-4)


def test_a_tickets_folder_is_exported_beside_it_and_stays_a_ticket(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ticket = shutil.copytree(run / "level-01" / "replicate-0", tmp_path / "mine")
    result = said(["export", str(ticket), "--format", "dense"], capsys)
    assert result["file"] == str(tmp_path / "mine.dense.safetensors")
    found = load_file(tmp_path / "mine.dense.safetensors")
    mask = Ticket.from_pretrained(ticket).mask
    assert all(bool((found[name][~kept] == 0).all()) for name, kept in mask.items())


def test_the_place_can_be_named_and_the_text_tells_size_and_difference(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "net.safetensors"
    assert main(["tickets", "export", str(run), "--level", "0", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert out.is_file() and not (run / "exports").exists()
    for word in (str(out), str(out.stat().st_size), "percent_of_dense", "largest_difference"):
        assert word in printed


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["export", "nowhere"], "WN-R05"),
        (["bench", "nowhere"], "WN-R05"),
        (["export", "RUN", "--format", "zip"], "WN-E01"),
        (["export", "RUN", "--level", "9"], "WN-E04"),
        (["export", "RUN", "--level", "-1"], "WN-E04"),
        (["export", "RUN", "--replicate", "5"], "WN-E04"),
        (["export", "RUN/level-01/replicate-0", "--level", "1"], "WN-E04"),
        (["export", "RUN", "--out", "RUN/level-01"], "WN-S02"),
        (["export", "RUN", "--out", "RUN/level-01/replicate-0/start.safetensors"], "WN-S02"),
        (["bench", "RUN", "--batches", "1,many"], "WN-C01"),
        (["bench", "RUN", "--batches", "0"], "WN-C01"),
        (["bench", "RUN", "--repeats", "0"], "WN-C01"),
        (["bench", "RUN", "--threads", "0"], "WN-C01"),
        (["bench", "RUN", "--level", "9"], "WN-E04"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(
    words: list[str], code: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(run.rglob("*"))
    assert main(["tickets", *(word.replace("RUN", str(run)) for word in words)]) == 2
    captured = capsys.readouterr()
    assert code in captured.err and "Traceback" not in captured.err and captured.out == ""
    assert sorted(run.rglob("*")) == before


def test_what_a_ticket_lacks_is_a_coded_error(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ticket = Ticket.from_pretrained(run / "level-01" / "replicate-0")
    bare = {"no trained weights": Ticket(ticket.start, ticket.mask, None, ticket.manifest)}
    bare["no builder"] = Ticket(ticket.start, ticket.mask, ticket.trained)
    for name, lacking in bare.items():
        lacking.save_pretrained(tmp_path / name)
        assert main(["tickets", "export", str(tmp_path / name)]) == 2
        assert "WN-E04" in capsys.readouterr().err
    for done in run.glob("level-*/done.json"):
        done.unlink()
    assert main(["tickets", "export", str(run)]) == 2
    assert "no level" in capsys.readouterr().err


def test_a_network_whose_builder_asks_for_no_image_shape_takes_the_runs(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fixed_networks.py").write_text(
        "from winnow.models import lenet_300_100\n\ndef small():\n    return lenet_300_100((1, 8, 8), 10)\n"
    )
    monkeypatch.chdir(tmp_path)
    folder = run / "level-02" / "replicate-0"
    manifest = read_json(folder / "ticket.json")
    write_json(folder / "ticket.json", {**manifest, "model": {"build": "fixed_networks:small", "arguments": {}}})
    assert said(["export", str(run), "--format", "compact"], capsys)["architecture"]
    shutil.copytree(folder, tmp_path / "alone")
    assert main(["tickets", "export", str(tmp_path / "alone")]) == 2
    assert "size of an image" in capsys.readouterr().err


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without compiler and without the processes that measure memory: those take half a minute."""
    monkeypatch.setattr(importlib.import_module("winnow.exports.bench"), "memory_of", lambda *_: Memory(1.0, 2.0))
    monkeypatch.setattr("winnow.exports.variants.shutil.which", lambda _: None)
    monkeypatch.setattr("winnow.exports.timing._BLOCK_SECONDS", 0.001)


@pytest.mark.usefixtures("quick")
def test_bench_prints_every_variant_with_numbers_or_a_reason(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = said(["bench", str(run), "--batches", "1,4", "--repeats", "2"], capsys)
    variants = {row["variant"]: row for row in result["variants"]}
    assert {"dense torch", "masked", "compact", "winnow sparse", "torch CSR", "2:4 on GPU"} <= set(variants)
    for row in variants.values():
        assert bool(row["reason"]) != bool(row["latency_ms"])
    assert "compiler" in variants["compiled torch"]["reason"]
    masked = variants["masked"]
    assert set(masked["latency_ms"]) == {"1", "4"} and masked["largest_difference"] == 0
    assert masked["latency_ms"]["4"]["times_as_fast"] > 0
    assert masked["memory_mib"] == {"held": 1.0, "peak": 2.0, "reason": ""}
    assert not (run / "exports").exists()


@pytest.mark.usefixtures("quick")
def test_bench_says_slower_where_it_is_slower(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    took = {"dense torch": 1.0, "masked": 2.5, "compact": 0.5}

    def timed(calls: dict[str, object], _: int) -> dict[str, Latency]:
        return {name: Latency(took.get(name, 1.0), 0.4, 3.0) for name in calls}

    monkeypatch.setattr(importlib.import_module("winnow.exports.bench"), "interleaved", timed)
    assert main(["tickets", "bench", str(run), "--batches", "64", "--threads", "1"]) == 0
    printed = capsys.readouterr().out
    assert "2.5 (0.4 to 3) 0.40x, slower" in printed
    assert "0.5 (0.4 to 3) 2.0x" in printed
    assert "compiled torch: not measured, torch.compile needs a C++ compiler" in printed
