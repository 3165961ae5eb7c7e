"""A run's tickets on other data: what is carried over, what is drawn anew, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from winnow.cli import main
from winnow.core import WinnowError
from winnow.recipes import lenet_digits
from winnow.storage import RunFolder
from winnow.tickets import find, prepare_transfer, transfer
from winnow.tickets.levels import LevelFolder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    recipe = lenet_digits(levels=2, steps=60, replicates=2, evaluate_every=20, controls=(), rewind="10it")
    return find(recipe, out=tmp_path_factory.mktemp("source") / "run")


@pytest.fixture(scope="module")
def odd_or_even(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits turned by a quarter, told apart as even and odd: other pixels, another head."""
    folder = tmp_path_factory.mktemp("odd")
    images, labels = load_digits(return_X_y=True)
    for split, part in (("train", slice(0, 1300)), ("test", slice(1300, None))):
        for number, (image, label) in enumerate(zip(images[part], labels[part], strict=True)):
            place = folder / split / ("odd" if label % 2 else "even")
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.rot90(image.reshape(8, 8) * 15).astype(np.uint8)).save(place / f"{number:04}.png")
    return folder


def target(data: Path | str, **changes: object) -> object:
    settings = {"data": str(data), "steps": 60, "evaluate_every": 20, "replicates": 2, "validation": 200}
    return lenet_digits(**{**settings, **changes})


def test_mask_and_start_come_along_and_the_new_head_is_drawn_and_dense(
    source: RunFolder, odd_or_even: Path, tmp_path: Path
) -> None:
    run = transfer(target(odd_or_even), source, out=tmp_path / "run")  # type: ignore[arg-type]
    for level in (1, 2):
        for replicate in range(2):
            theirs, ours = (LevelFolder(r, level).ticket(replicate) for r in (source, run))
            start = LevelFolder(source, 0).ticket(replicate).start
            for name in ("fc1.weight", "fc2.weight"):
                assert torch.equal(ours.mask[name], theirs.mask[name])
                assert torch.equal(ours.start[name], torch.where(theirs.mask[name], start[name], 0))
            assert torch.equal(ours.start["fc1.bias"], start["fc1.bias"])
            assert ours.start["output.weight"].shape == (2, 100)
            assert bool(ours.mask["output.weight"].all())
    header = run.header()
    assert header["transfer"]["source"] == source.header()["id"]
    assert "output.weight" not in header["transfer"]["carried"]


def test_a_head_that_fits_comes_along_unless_a_fresh_one_is_asked_for(source: RunFolder) -> None:
    kept = prepare_transfer(target("digits"), source)  # type: ignore[arg-type]
    fresh = prepare_transfer(target("digits"), source, head="fresh")  # type: ignore[arg-type]
    assert {"output.weight", "output.bias"} <= kept.carried
    assert kept.carried - fresh.carried == {"output.weight", "output.bias"}
    assert kept.prepared.run_id != fresh.prepared.run_id


def test_onto_its_own_data_from_its_own_head_the_ticket_is_the_source_s(tmp_path: Path) -> None:
    """A transfer from init onto the same data under the same seed is the search itself, level for level."""
    recipe = lenet_digits(levels=1, steps=60, replicates=1, evaluate_every=20, controls=())
    found = find(recipe, out=tmp_path / "found")
    carried = transfer(recipe, found, out=tmp_path / "carried")
    for level in (0, 1):
        theirs, ours = (LevelFolder(r, level).ticket(0) for r in (found, carried))
        assert theirs.trained is not None and ours.trained is not None
        assert all(torch.equal(theirs.trained[n], ours.trained[n]) for n in theirs.trained)


def test_the_command_trains_reports_and_resumes(
    source: RunFolder, odd_or_even: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tickets", "transfer", str(source.path), "lenet-digits", "--data", str(odd_or_even), "--steps", "60"]
    words += ["--validation", "200", "--source-levels", "2", "--evaluate-every", "20", "--out", str(tmp_path / "run")]
    assert main([*words, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert [level["level"] for level in first["levels"]] == [0, 1]
    assert set(first["levels"][1]["branches"]) == {"ticket", "reinit", "random"}
    assert (tmp_path / "run" / "report.html").is_file()
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert main([*words, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "drawn_anew" in shown
    assert "output.weight" in shown


def test_what_cannot_be_carried_over_is_refused(source: RunFolder, tmp_path: Path) -> None:
    def refused(code: str, recipe: object, **options: object) -> None:
        with pytest.raises(WinnowError) as caught:
            prepare_transfer(recipe, source, **options)  # type: ignore[arg-type]
        assert caught.value.code == code

    refused("WN-R06", target("digits"), levels=[7])
    refused("WN-R02", target("digits"), head="old")
    refused("WN-R02", target("digits", replicates=3))
    refused("WN-M02", target("digits", model="resnet-20"))
    table = pa.table({"image": [], "label": pa.array([], pa.int64())})
    pq.write_table(table, tmp_path / "train-0.parquet")
    with pytest.raises(WinnowError) as caught:
        prepare_transfer(target(tmp_path), source)  # type: ignore[arg-type]
    assert caught.value.code.startswith("WN-D")
