"""The cache decodes a set once, never lies about it, and is never in the way."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import test_data_writers as write
import torch

from winnow.data import DataSet, load
from winnow.data.cache import cache_root
from winnow.data.readers.idx import IdxReader


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write.write_idx(tmp_path / "set", write.made())


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every folder that was decoded, in turn."""
    seen: list[Path] = []
    read = IdxReader.read
    monkeypatch.setattr(IdxReader, "read", lambda self, place: (seen.append(place), read(self, place))[1])
    return seen


def loaded(folder: Path) -> DataSet:
    return load(folder, validation=2, seed=0)


def same(first: DataSet, second: DataSet) -> bool:
    return first.fingerprint == second.fingerprint and torch.equal(first.train.inputs, second.train.inputs)


def test_a_second_load_does_not_decode(cache: Path, folder: Path, decodings: list[Path]) -> None:
    first = loaded(folder)
    second = loaded(folder)
    assert same(first, second)
    assert first.classes == second.classes
    assert len(decodings) == 1


def test_a_copy_elsewhere_is_known(cache: Path, folder: Path, decodings: list[Path], tmp_path: Path) -> None:
    loaded(folder)
    loaded(write.write_idx(tmp_path / "copy", write.made()))
    assert len(decodings) == 1


def test_changed_files_are_decoded_again(cache: Path, folder: Path, decodings: list[Path]) -> None:
    before = loaded(folder)
    path = folder / "t10k-images-idx3-ubyte"
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)
    after = loaded(folder)
    assert len(decodings) == 2
    assert not torch.equal(before.test.inputs, after.test.inputs)
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize("name", ["meta.json", "train-images.npy", "test-labels.npy"])
@pytest.mark.parametrize("damage", ["remove", "cut", "empty", "flip"])
def test_a_damaged_entry_is_built_again(
    cache: Path, folder: Path, decodings: list[Path], name: str, damage: str
) -> None:
    first = loaded(folder)
    (entry,) = cache.iterdir()
    path = entry / name
    content = path.read_bytes()
    if damage == "remove":
        path.unlink()
    elif damage == "flip":
        place = len(content) - 2 if name.endswith("npy") else content.index(b'"fingerprint": "') + 16
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    else:
        path.write_bytes(content[: len(content) // 2 if damage == "cut" else 0])
    assert same(loaded(folder), first)
    assert same(loaded(folder), first)
    assert len(decodings) == 2, "decoded again once, then kept"


def test_a_cache_that_cannot_be_written_is_told_and_done_without(
    folder: Path,
    decodings: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING, logger="winnow"):
        first, second = loaded(folder), loaded(folder)
    assert same(first, second)
    assert len(decodings) == 2
    assert "not cached" in caplog.text


def test_loading_never_changes_the_cache(cache: Path, folder: Path) -> None:
    loaded(folder)
    data = loaded(folder)
    data.train.inputs.zero_()
    data.test.inputs.zero_()
    data.test.labels.zero_()
    again = loaded(folder)
    assert bool(again.train.inputs.any())
    assert bool(again.test.inputs.any())
    assert again.test.labels.unique().tolist() == [0, 1, 2]


def test_nothing_half_written_is_left(cache: Path, folder: Path) -> None:
    loaded(folder)
    (entry,) = cache.iterdir()
    assert sorted(path.name for path in entry.iterdir()) == [
        "meta.json",
        "test-images.npy",
        "test-labels.npy",
        "train-images.npy",
        "train-labels.npy",
    ]
    assert np.load(entry / "train-images.npy").dtype == np.uint8


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_root() == tmp_path / "own"
    monkeypatch.delenv("WINNOW_CACHE")
    assert cache_root() == tmp_path / "xdg" / "winnow"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_root() == tmp_path / "home" / ".cache" / "winnow"
