"""The real data sets beside the repository, where they are: as much of them as decodes in a second or two."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import test_data_writers as write
import torch

from winnow.core import WinnowError
from winnow.data import load
from winnow.data.source import read_folder

SHARED = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "cache"))


def part_of(name: str, folder: Path, groups: int) -> Path:
    """A folder whose train table is the start of the real test table, in row groups of 2,000 images."""
    folder.mkdir()
    table = pq.ParquetFile(SHARED / name / "test-00000-of-00001.parquet").read_row_groups(list(range(groups)))
    pq.write_table(table, folder / "train-00000-of-00001.parquet")
    return folder


def test_mnist_is_itself_and_the_same_as_idx(tmp_path: Path) -> None:
    data = load(part_of("mnist", tmp_path / "mnist", 5), validation=1000, seed=0)
    parts = (data.train, data.validation, data.test)
    assert [len(part) for part in parts] == [7000, 1000, 2000]
    assert data.image_shape == (1, 28, 28)
    labels = torch.cat([part.labels for part in parts])
    assert torch.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    # The mean of MNIST's published test images.
    assert float(torch.cat([part.inputs for part in parts]).double().mean()) == pytest.approx(0.1325, abs=1e-4)

    raw, mark = read_folder(tmp_path / "mnist")
    sets = {name: (split.images, split.labels) for name, split in raw.splits.items()}
    same = load(write.write_idx(tmp_path / "idx", sets), validation=1000, seed=0)
    assert same.fingerprint == mark == data.fingerprint
    assert torch.equal(same.train.inputs, data.train.inputs)


def test_cifar10_is_itself(tmp_path: Path) -> None:
    data = load(part_of("cifar10", tmp_path / "cifar10", 1), validation=0.1, seed=0, scaling="standard")
    assert data.image_shape == (3, 32, 32)
    assert data.classes[:3] == ("airplane", "automobile", "bird")
    assert (len(data.train), len(data.validation), len(data.test)) == (1440, 160, 400)
    assert float(data.train.inputs.mean()) == pytest.approx(0, abs=1e-4)
    assert float(data.train.inputs.std()) == pytest.approx(1, abs=1e-3)
    assert data.pad_value.tolist() == pytest.approx([-2.0, -1.98, -1.71], abs=0.1)


@pytest.mark.parametrize("name", ["camvid", "lsp"])
def test_a_set_without_one_class_per_image_is_refused(name: str) -> None:
    with pytest.raises(WinnowError) as caught:
        load(SHARED / name, validation=10, seed=0)
    assert caught.value.code == "WN-D03"
    assert "no label column among image" in caught.value.what
