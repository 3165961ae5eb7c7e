"""Every kind of bad input, through the command line: a coded error, exit code 2, and nothing left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from winnow.cli import main

SHORT = ["--levels", "1", "--steps", "20it", "--evaluate-every", "10", "--replicates", "1", "--validation", "5"]


def image_folder(folder: Path, classes: int = 2, size: tuple[int, int] = (8, 8), count: int = 40) -> Path:
    generator = np.random.default_rng(0)
    for split in ("train", "test"):
        for label in range(classes):
            place = folder / split / f"class-{label}"
            place.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 255, size, dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


def wrong_columns(folder: Path) -> Path:
    folder.mkdir()
    for split in ("train", "test"):
        pq.write_table(pa.table({"text": ["a", "b"], "score": [1.0, 2.0]}), folder / f"{split}-0.parquet")
    return folder


def empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def missing(folder: Path) -> Path:
    return folder


def one_class(folder: Path) -> Path:
    return image_folder(folder, classes=1)


def of_unequal_size(folder: Path) -> Path:
    image_folder(folder)
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "train" / "class-0" / "odd.png")
    return folder


def no_images(folder: Path) -> Path:
    image_folder(folder)
    (folder / "train" / "class-0" / "broken.png").write_bytes(b"not a picture")
    return folder


NETWORKS = """
from torch import nn

def for_28_pixels():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 2))

def nothing_to_prune():
    return Norms()

class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, images):
        return self.norm(images).flatten(1)[:, :2]
"""


def complaint(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["tickets", "find", "lenet-digits", *SHORT, *words]) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err and captured.out == ""
    return captured.err


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (missing, "WN-D01"),
        (empty, "WN-D02"),
        (wrong_columns, "WN-D03"),
        (of_unequal_size, "WN-D04"),
        (one_class, "WN-D05"),
        (no_images, "WN-D02"),
    ],
)
def test_bad_data(make: Callable[[Path], Path], code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = make(tmp_path / "data"), tmp_path / "runs" / "run"
    said = complaint(["--data", str(data), "--out", str(out)], capsys)
    assert code in said and "data" in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("network", "code"), [("for_28_pixels", "WN-M02"), ("nothing_to_prune", "WN-M03"), ("absent", "WN-M01")]
)
def test_networks_that_do_not_serve(
    network: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = image_folder(tmp_path / "data")
    (tmp_path / "bad_networks.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    assert code in complaint(["--data", str(data), "--model", f"bad_networks:{network}"], capsys)
    assert not (tmp_path / "runs").exists()


def test_a_full_disk(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(["--out", str(small_disk / "runs" / "run")], capsys)
    assert "WN-S01" in said and "space" in said
    assert list(small_disk.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB: less than one level of the run."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_real_data_without_class_labels(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(["--data", str(shared / "camvid"), "--out", str(tmp_path / "run")], capsys)
    assert "WN-D03" in said
    assert list(tmp_path.iterdir()) == []
