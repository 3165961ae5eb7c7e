"""`load`: digits, the validation split, the scalings, and the Hub without a network."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import test_data_writers as write
import torch

from winnow.core import WinnowError
from winnow.data import describe, load
from winnow.data.source import read_hub


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "cache"))


def test_digits_are_the_librarys_own() -> None:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    data = load("digits", validation=100, seed=0)
    parts = (data.train, data.validation, data.test)
    ours = {
        (p.flatten().mul(16).round().int().numpy().tobytes(), int(n))
        for s in parts
        for p, n in zip(s.inputs, s.labels, strict=True)
    }
    assert ours == {(row.astype(np.int32).tobytes(), int(n)) for row, n in zip(pixels, labels, strict=True)}


def test_digits_are_embedded_and_described() -> None:
    data = load("digits", validation=100, seed=0)
    assert describe(data) == {
        "name": "digits",
        "fingerprint": data.fingerprint,
        "images": {"train": 1337, "validation": 100, "test": 360},
        "classes": [str(n) for n in range(10)],
        "shape": [1, 8, 8],
    }
    assert len(data.fingerprint) == 64
    assert data.class_count == 10
    assert (data.train.inputs.dtype, data.train.labels.dtype) == (torch.float32, torch.int64)
    assert data.train.inputs.min() == 0
    assert data.train.inputs.max() == 1


def test_the_test_split_of_digits_is_fixed_and_stratified() -> None:
    first, second = (load("digits", validation=0.1, seed=seed) for seed in (0, 1))
    assert torch.equal(first.test.inputs, second.test.inputs)
    assert not torch.equal(first.validation.inputs, second.validation.inputs)
    counts = torch.bincount(first.test.labels)
    assert int(counts.sum()) == 360
    assert set(counts.tolist()) <= {35, 36, 37}
    # A run's identity rests on it: a change here orphans every run on digits.
    assert first.fingerprint.startswith("24ff5dfdd221")


def test_validation_is_taken_out_of_train_and_train_keeps_its_order(tmp_path: Path) -> None:
    sets = write.made(train=40)
    folder = write.write_idx(tmp_path / "a", sets)
    data, again = (load(folder, validation=0.25, seed=3) for _ in range(2))
    assert torch.equal(data.validation.inputs, again.validation.inputs)
    everything = torch.from_numpy(sets["train"][0]).float() / 255
    where = [int((everything == image).all(dim=(1, 2, 3)).nonzero()) for image in data.train.inputs]
    assert where == sorted(where)
    held = [int((everything == image).all(dim=(1, 2, 3)).nonzero()) for image in data.validation.inputs]
    assert len(held) == 10
    assert sorted(where + held) == list(range(40))


@pytest.mark.parametrize("validation", [0, -1, 1437, 0.0, 1.0, -0.5, 7.0, float("nan"), 1e-9])
def test_a_validation_split_must_leave_both_sides_images(validation: float) -> None:
    with pytest.raises(WinnowError) as caught:
        load("digits", validation=validation, seed=0)
    assert caught.value.code == "WN-D06"


def test_unit_scaling_divides_by_255(tmp_path: Path) -> None:
    sets = write.made()
    data = load(write.write_idx(tmp_path / "a", sets), validation=2, seed=0)
    assert torch.equal(data.test.inputs, torch.from_numpy(sets["test"][0]) / 255)
    assert data.pad_value.tolist() == [0.0]


def test_standard_scaling_is_fitted_on_what_is_left_of_train(tmp_path: Path) -> None:
    sets = write.made(channels=3, train=60)
    folder = write.write_parquet(tmp_path / "a", sets)
    data = load(folder, validation=20, seed=0, scaling="standard")
    unit = load(folder, validation=20, seed=0)
    train = unit.train.inputs.double()
    mean, deviation = train.mean((0, 2, 3)), train.std((0, 2, 3), correction=0)
    for got, pixels in ((data.train, unit.train), (data.validation, unit.validation), (data.test, unit.test)):
        expected = (pixels.inputs.double() - mean[:, None, None]) / deviation[:, None, None]
        torch.testing.assert_close(got.inputs, expected.float(), atol=2e-6, rtol=0)
    torch.testing.assert_close(data.pad_value, (-mean / deviation).float(), atol=2e-6, rtol=0)
    assert data.fingerprint == unit.fingerprint


def test_a_black_pixel_becomes_exactly_the_pad_value(tmp_path: Path) -> None:
    sets = write.made()
    sets["test"][0][:] = 0
    data = load(write.write_idx(tmp_path / "a", sets), validation=2, seed=0, scaling="standard")
    assert bool((data.test.inputs == data.pad_value[:, None, None]).all())


def test_a_channel_that_never_changes_stays_finite(tmp_path: Path) -> None:
    sets = write.made(channels=3)
    for images, _ in sets.values():
        images[:, 1] = 90
    data = load(write.write_parquet(tmp_path / "a", sets), validation=2, seed=0, scaling="standard")
    assert bool((data.train.inputs[:, 1] == 0).all())


def test_an_unknown_scaling_is_refused() -> None:
    with pytest.raises(WinnowError, match="WN-C01"):
        load("digits", validation=10, seed=0, scaling="whiten")


def test_a_data_set_moves_to_a_device() -> None:
    moved = load("digits", validation=10, seed=0).to("meta")
    parts = (moved.train, moved.validation, moved.test)
    assert {t.device.type for part in parts for t in (part.inputs, part.labels)} == {"meta"}
    assert moved.pad_value.device.type == "meta"


def test_a_folder_is_named_after_itself_and_wins_over_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write.write_idx(tmp_path / "owner" / "name", write.made())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert load("owner/name", validation=2, seed=0).name == "name"


def test_a_hub_id_without_the_package_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(WinnowError) as caught:
        load("nobody/nothing", validation=2, seed=0)
    assert caught.value.code == "WN-D07"
    assert "pip install" in caught.value.fix


@pytest.mark.parametrize("text", ["../nobody/nothing", "/nobody/nothing", "a/b/c", "~/nothing-here", "./a/b"])
def test_a_path_is_never_taken_for_a_hub_id(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(WinnowError, match="WN-D01"):
        load(text, validation=2, seed=0)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf" / "datasets")


@pytest.mark.usefixtures("offline")
def test_the_hub_reader_finds_what_the_folder_reader_finds(tmp_path: Path) -> None:
    folder = write.write_parquet(tmp_path / "set", write.made(), image="img", label="fine_label")
    raw, mark = read_hub(str(folder))
    again, same = read_hub(str(folder))
    expected = load(folder, validation=2, seed=0)
    assert (mark, same) == (expected.fingerprint, expected.fingerprint)
    assert raw.classes == expected.classes
    assert np.array_equal(raw.splits["train"].images, again.splits["train"].images)
    assert isinstance(again.splits["train"].images, np.memmap), "the second time comes from the cache"


@pytest.mark.usefixtures("offline")
def test_a_set_that_the_hub_does_not_give_is_told() -> None:
    with pytest.raises(WinnowError) as caught:
        load("nobody/nothing-here", validation=2, seed=0)
    assert caught.value.code == "WN-D01"
    assert "download" in caught.value.fix
