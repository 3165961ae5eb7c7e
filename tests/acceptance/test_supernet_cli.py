"""`winnow supernet` as a user types it, on composed scenes written in the formats that users have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from winnow.cli import main
from winnow.supernet.scenes import write_scenes

_SIZES = {"height": 24, "width": 24, "batch": 8, "steps": 6, "retrain-steps": 2, "search-every": 2, "prune-every": 2}
SMALL = [word for name, value in _SIZES.items() for word in (f"--{name}", str(value))]
SMALL += ["--calibration", "1", "--no-tokens", "--budget", "0.6"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Street scenes of digits, in Cityscapes' layout."""
    place = tmp_path_factory.mktemp("scenes") / "data"
    write_scenes(place, "segmentation", "cityscapes", train=24, test=8, size=(24, 24))
    return place


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "drawn"
    words = ["supernet", "draw", "camvid", "--data", str(folder), *SMALL, "--out", str(out)]
    assert main(words) == 0
    return out


def _json(capsys: pytest.CaptureFixture[str], words: list[str], code: int = 0) -> dict:
    capsys.readouterr()
    assert main([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_run_leaves_a_network_tickets_and_a_page(run):
    made = {path.name for path in run.iterdir()}
    assert {"recipe.json", "result.json", "network.safetensors", "ticket", "ticket-retrained", "report.html"} <= made
    assert "checkpoints" not in made
    page = (run / "report.html").read_text()
    assert "winnow supernet draw camvid" in page
    assert "default-src 'none'" in page  # a browser that opens it fetches nothing


def test_the_same_line_again_trains_nothing_and_says_the_same(run, folder, capsys):
    words = ["supernet", "draw", "camvid", "--data", str(folder), *SMALL, "--no-page", "--out", str(run)]
    before = (run / "network.safetensors").stat().st_mtime_ns
    told = _json(capsys, words)
    assert [row["row"] for row in told["rows"]] == ["drawn", "retrained"]
    assert (run / "network.safetensors").stat().st_mtime_ns == before
    for row in told["rows"]:
        assert row["sparsity"] == pytest.approx(0.5, abs=1e-3)
        assert row["macs"] <= 0.6 * told["dense"]["macs"]
        assert row["sparse_macs"] < row["macs"]
        assert 0 <= row["test"]["miou"] <= 1


def test_a_dry_run_writes_nothing(folder, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["supernet", "draw", "camvid", "--data", str(folder), *SMALL, "--dry-run", "--out", str(out)]
    told = _json(capsys, words)
    assert (told["steps"], told["units"]) == (8, 1392)
    assert not out.exists()
    assert main(words) == 0
    assert "1392" in capsys.readouterr().out


def test_export_and_bench(run, tmp_path, capsys):
    told = _json(capsys, ["supernet", "export", str(run), "--format", "network", "--out", str(tmp_path / "n.st")])
    assert Path(told["file"]).stat().st_size == told["bytes"]
    kept, whole = (sum(layer[name] for layer in told["layers"]) for name in ("kept", "weights"))
    assert (kept, whole) == (told["costs"]["kept"], told["costs"]["weights"])
    again = _json(capsys, ["supernet", "export", str(tmp_path / "n.st"), "--format", "network"])
    assert again["costs"] == told["costs"]
    assert main(["supernet", "export", str(run), "--format", "pickle"]) == 2
    assert "WN-E01" in capsys.readouterr().err


def test_mistakes_are_told_and_leave_nothing(folder, tmp_path, capsys):
    nothing, out = tmp_path / "nothing", tmp_path / "out"
    cases = [
        (["draw", "camvid"], "WN-D01"),
        (["draw", "camvid", "--data", str(nothing)], "WN-D01"),
        (["draw", "poems", "--data", str(folder)], "WN-R01"),
        (["draw", "camvid", "--data", str(folder), "--space", "huge"], "WN-M01"),
        (["draw", "camvid", "--data", str(folder), "--sparsity", "1.5"], "WN-R02"),
        (["draw", "camvid", "--data", str(folder), "--budget", "0.001"], "WN-R02"),
        (["ablate", "camvid", "--data", str(folder), *SMALL, "--pipelines", "magic"], "WN-C01"),
        (["ablate", "camvid", "--data", str(folder), *SMALL, "--jobs", "0"], "WN-C01"),
        (["export", str(nothing)], "WN-R05"),
        (["bench", str(nothing)], "WN-R05"),
        (["transfer", str(nothing), "camvid", "--data", str(folder)], "WN-R05"),
    ]
    for words, code in cases:
        more = [] if words[0] in ("export", "bench") else ["--out", str(out)]
        assert main(["supernet", *words, *more]) == 2, words
        assert code in capsys.readouterr().err, words
    assert not (out / "result.json").exists()


def test_a_damaged_network_is_told(run, tmp_path, capsys):
    for name, content in (("empty", b""), ("torn", (run / "network.safetensors").read_bytes()[:4000])):
        broken = tmp_path / f"{name}.safetensors"
        broken.write_bytes(content)
        assert main(["supernet", "export", str(broken), "--format", "network"]) == 2
        assert "WN-S03" in capsys.readouterr().err
