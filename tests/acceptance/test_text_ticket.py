"""A ticket in a pre-trained encoder, by the real commands, on a tiny one: found, reported, loaded, exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import text_cases as cases
from winnow.cli import main
from winnow.exports import bench, read_exported
from winnow.storage import read_json
from winnow.tickets import load_ticket

pytestmark = pytest.mark.usefixtures("one_thread")
LEVELS = ["--rounds", "oneshot", "--densities", "0.5", "0.3", "--scope", "global"]
TRAINING = ["--optimizer", "adamw", "--learning-rate", "0.01", "--schedule", "linear", "--batch", "8"]
SHORT = [*LEVELS, *TRAINING, "--steps", "12it", "--evaluate-every", "6", "--replicates", "2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder, texts, and a finished run beside them."""
    folder = tmp_path_factory.mktemp("language")
    cases.tiny_encoder(folder / "encoder")
    cases.write_texts(folder / "texts", cases.splits(cases.sentences(120)), "csv")
    assert main([*command(folder), "--controls", "random", "--out", str(folder / "run")]) == 0
    return folder


def command(place: Path, *, model: str | None = None) -> list[str]:
    reference = model or f"hf:{place / 'encoder'},tokens=8"
    data = str(place / "texts")
    return ["tickets", "find", "lenet-mnist", "--model", reference, "--data", data, "--device", "cpu", *SHORT]


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    return json.loads(captured.out)


def complaint(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err and captured.out == ""
    return captured.err


def test_the_dry_run_shows_what_would_be_pruned(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said([*command(place), "--controls", "random", "--dry-run"], capsys)
    assert told["prunable_weights"] == 2 * (4 * 16 * 16 + 2 * 16 * 24) + 2 * 16
    assert told["density_percent"] == pytest.approx([100, 50, 30], abs=0.05)
    assert told["data"]["shape"] == [8]


def test_a_second_run_finds_everything_done(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.stat().st_mtime_ns for file in (place / "run").rglob("*.safetensors")}
    told = said([*command(place), "--controls", "random", "--out", str(place / "run")], capsys)
    assert [level["density_percent"] for level in told["levels"]] == pytest.approx([100, 50, 30], abs=0.05)
    assert {file: file.stat().st_mtime_ns for file in (place / "run").rglob("*.safetensors")} == before
    assert (place / "run" / "report.html").is_file()


def test_tickets_start_from_the_pre_trained_weights(place: Path) -> None:
    saved = load_file(place / "encoder" / "model.safetensors")
    heads = []
    for replicate in (0, 1):
        ticket, module = load_ticket(place / "run" / "level-02" / f"replicate-{replicate}")
        for name, mask in ticket.mask.items():
            if name != "head.weight":
                assert torch.equal(ticket.start[name], saved[name.removeprefix("encoder.")] * mask)
        assert torch.equal(module.get_parameter("head.weight"), ticket.start["head.weight"])
        assert ticket.mask.kept == round(0.3 * ticket.mask.total)
        heads.append(ticket.start["head.weight"])
    assert not torch.equal(heads[0], heads[1])


def test_the_levels_say_why_they_trained_dense(place: Path) -> None:
    assert "embedding" in str(read_json(place / "run" / "level-02" / "done.json")["execution"])


@pytest.mark.parametrize("words", [["tickets", "show"], ["report"]])
def test_the_run_and_its_tickets_can_be_looked_at(words: list[str], place: Path) -> None:
    assert main([*words, str(place / "run")]) == 0
    assert main(["tickets", "show", str(place / "run" / "level-01" / "replicate-0")]) == 0


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("source", ["run", "run/level-02/replicate-0"])
def test_an_export_holds_the_trained_network(
    kind: str, source: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "exported"
    told = said(["tickets", "export", str(place / source), "--format", kind, "--out", str(file)], capsys)
    assert told["largest_difference"] == 0
    assert not told["architecture"] and "embedding" in told["note"]
    _, module = load_ticket(place / "run" / "level-02" / "replicate-0", trained=True)
    _, tensors = read_exported(file)
    assert all(torch.equal(tensors[name], value) for name, value in module.state_dict().items())


def test_an_export_that_needs_a_graph_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "WN-E02" in complaint(["tickets", "export", str(place / "run"), "--format", "compact"], capsys)


def test_a_bench_measures_what_can_run_and_says_what_cannot(place: Path) -> None:
    ticket, module = load_ticket(place / "run" / "level-02" / "replicate-0", trained=True)
    names = ["dense torch", "compact", "winnow sparse"]
    rows = {r.variant: r for r in bench(ticket, module, input_shape=(8,), batches=[2], repeats=1, names=names)}
    assert rows["dense torch"].latency[2].median > 0
    assert "embedding" in rows["compact"].reason
    assert rows["winnow sparse"].reason


def test_other_weights_at_the_same_place_are_another_run(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "texts").symlink_to(place / "texts")
    ids = []
    for seed in (1, 2):
        cases.tiny_encoder(tmp_path / "encoder", seed=seed)
        ids.append(said([*command(tmp_path), "--controls", "random", "--dry-run"], capsys)["id"])
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--controls", "reinit"], "WN-R02"),
        (["--augment", "flip-crop"], "WN-R02"),
        (["--scaling", "standard"], "WN-R02"),
        (["--data", "digits"], "WN-M02"),
        (["--data", "nowhere"], "WN-D01"),
        (["--model", "lenet-300-100"], "WN-M02"),
        (["--model", "hf:nowhere/at/all"], "WN-M01"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: list[str], code: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = [*command(place), "--out", str(tmp_path / "run")]
    for flag in ("--model", "--data"):
        if flag in words:
            at = base.index(flag)
            del base[at : at + 2]
    controls = [] if "--controls" in words else ["--controls", "random"]
    assert code in complaint([*base, *controls, *words], capsys)
    assert list(tmp_path.iterdir()) == []
