"""Vision sets: classification from every format, the splits, the cache, and what a set tells of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_data_writers as write
import torch

from vision_cases import ids, jointed, loaded, masked, photos, png, save, write_table
from winnow.data import hub
from winnow.data.vision import VisionSet, VisionSplit, describe_vision, load_vision
from winnow.data.vision.readers.masked_table import MaskedTableReader


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def same(first: VisionSet, second: VisionSet) -> bool:
    parts = [(getattr(first, name), getattr(second, name)) for name in ("train", "validation", "test")]
    return first.fingerprint == second.fingerprint and all(
        torch.equal(one.images, other.images) and torch.equal(one.targets, other.targets) for one, other in parts
    )


def test_digits_become_coloured_and_larger() -> None:
    data = loaded("digits", "classification", size=(16, 16), validation=100)
    assert (len(data.train), len(data.validation), len(data.test)) == (1337, 100, 360)
    assert data.train.images.shape[1:] == (3, 16, 16)
    assert torch.equal(data.test.images[:, 0], data.test.images[:, 2])
    assert (data.train.images.dtype, data.train.targets.dtype) == (torch.uint8, torch.int64)
    assert describe_vision(data)["classes"] == [str(number) for number in range(10)]
    assert describe_vision(data)["images"] == {"train": 1337, "validation": 100, "test": 360}


def test_labelled_images_are_the_same_from_every_format(tmp_path: Path) -> None:
    sets = write.made(channels=3, size=32)
    names = ["0", "1", "2"]
    folders = [
        write.write_parquet(tmp_path / "parquet", sets, image="img"),
        write.write_image_folder(tmp_path / "folder", sets),
        write.write_cifar_binary(tmp_path / "binary", sets, names),
    ]
    first, *others = [loaded(folder, "classification", size=(32, 32)) for folder in folders]
    assert torch.equal(first.test.images, torch.from_numpy(sets["test"][0]))
    assert first.test.targets.tolist() == sets["test"][1].tolist()
    assert all(same(first, other) for other in others)
    small = [loaded(folder, "classification", size=(12, 20)) for folder in folders]
    assert same(small[0], small[1])
    assert same(small[0], small[2])
    assert small[0].fingerprint != first.fingerprint


def test_grey_images_get_three_equal_channels(tmp_path: Path) -> None:
    sets = write.made(size=8)
    first, second = (
        loaded(folder, "classification", size=(8, 8))
        for folder in (write.write_idx(tmp_path / "idx", sets), write.write_image_folder(tmp_path / "folder", sets))
    )
    assert same(first, second)
    assert torch.equal(first.test.images, torch.from_numpy(sets["test"][0]).expand(-1, 3, -1, -1))


def test_images_of_any_size_are_brought_to_one(tmp_path: Path) -> None:
    """One colour stays itself at every size, in an image folder and in Parquet."""
    sizes = [(5, 9), (20, 14), (8, 10), (31, 3), (16, 16), (9, 9)]
    images = {split: [np.full((*side, 3), 40 * n + m, np.uint8) for n, side in enumerate(sizes)]
              for m, split in enumerate(("train", "test"))}  # fmt: skip
    for split, made in images.items():
        for number, image in enumerate(made):
            save(tmp_path / "folder" / split / f"class{number % 2}" / f"{number}.png", png(image))
        columns = {"image": [png(made[n]) for n in (0, 2, 4, 1, 3, 5)], "label": [0, 0, 0, 1, 1, 1]}
        write_table(tmp_path / "parquet", split, columns)
    first, second = (loaded(tmp_path / name, "classification") for name in ("folder", "parquet"))
    assert first.classes == ("class0", "class1")
    assert first.test.images.amax((1, 2, 3)).tolist() == [1, 81, 161, 41, 121, 201]
    assert torch.equal(first.test.images.amin((1, 2, 3)), first.test.images.amax((1, 2, 3)))
    assert same(first, second)


def test_a_smaller_image_is_antialiased(tmp_path: Path) -> None:
    """Halving weighs the four nearest pixels 1/8, 3/8, 3/8, 1/8: a triangle twice as wide as the step."""
    row = np.array([0, 80, 200, 40, 240, 16, 0, 120], dtype=np.uint8)
    image = np.repeat(np.repeat(row[None, :, None], 8, axis=0), 3, axis=2)
    for split in ("train", "test"):
        write_table(tmp_path / "set", split, {"image": [png(image)] * 4, "label": [0, 1, 0, 1]})
    data = loaded(tmp_path / "set", "classification", size=(4, 4))
    weighed = [row[at : at + 4] @ np.array([1, 3, 3, 1]) / 8 for at in (1, 3)]
    assert data.test.images[0, 0, 1, 1:3].tolist() == pytest.approx(weighed, abs=1)


def test_validation_serves_as_test_where_no_test_is_labelled(tmp_path: Path) -> None:
    images = [png(one) for one in photos(6)]
    for split, labels in (("train", [0, 1] * 3), ("validation", [1, 1, 0, 0, 1, 1]), ("test", [-1] * 6)):
        write_table(tmp_path / "set", split, {"image": images, "label": labels}, {"label": {"names": ["a", "b"]}})
    data = loaded(tmp_path / "set", "classification", validation=2)
    assert data.test.targets.tolist() == [1, 1, 0, 0, 1, 1]
    assert (len(data.train), len(data.validation)) == (4, 2)


def test_a_validation_split_beside_a_test_split_is_kept(tmp_path: Path) -> None:
    masks = {"train": ids(3, 3), "val": ids(2, 3, seed=8), "test": ids(4, 3, seed=9)}
    data = loaded(masked(tmp_path / "set", masks), "segmentation", validation=1)
    assert torch.equal(data.validation.targets, torch.from_numpy(masks["val"]))
    assert torch.equal(data.test.targets, torch.from_numpy(masks["test"]))
    assert len(data.train) == 3


def test_a_set_with_neither_gets_a_test_split_that_no_seed_moves(tmp_path: Path) -> None:
    folder = masked(tmp_path / "set", {"train": ids(20, 3)})
    first, second = (loaded(folder, "segmentation", validation=5, seed=seed) for seed in (0, 1))
    assert (len(first.train), len(first.validation), len(first.test)) == (11, 5, 4)
    assert torch.equal(first.test.images, second.test.images)
    assert not torch.equal(first.validation.images, second.validation.images)
    assert first.fingerprint == second.fingerprint


def test_mean_and_deviation_are_those_of_train(tmp_path: Path) -> None:
    data = loaded(masked(tmp_path / "set", {"train": ids(9, 3), "test": ids(2, 3)}), "segmentation", validation=3)
    pixels = data.train.images.double().div(255).transpose(0, 1).reshape(3, -1)
    assert torch.allclose(data.mean.double(), pixels.mean(1), atol=1e-6)
    assert torch.allclose(data.deviation.double(), pixels.std(1, correction=0), atol=1e-6)


def test_rows_are_taken_together() -> None:
    split = VisionSplit(torch.arange(5)[:, None, None, None], torch.arange(5), torch.arange(5.0))
    for rows in (torch.tensor([3, 1]), torch.arange(5) > 2, slice(1, 3)):
        part = split.take(rows)
        assert part.images.flatten().tolist() == part.targets.tolist() == part.scales.tolist()  # type: ignore[union-attr]
        assert len(part) == 2


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every folder of masks that was decoded, in turn."""
    seen: list[Path] = []
    read = MaskedTableReader.read
    monkeypatch.setattr(MaskedTableReader, "read", lambda self, at, plan: (seen.append(at), read(self, at, plan))[1])
    return seen


def test_a_set_is_decoded_once_for_each_size(tmp_path: Path, decodings: list[Path]) -> None:
    folder = masked(tmp_path / "set", {"train": ids(6, 3), "test": ids(2, 3)})
    first, second = loaded(folder, "segmentation"), loaded(folder, "segmentation")
    assert same(first, second)
    assert first.classes == second.classes
    assert len(decodings) == 1
    assert loaded(folder, "segmentation", size=(4, 5)).size == (4, 5)
    assert len(decodings) == 2
    masked(folder, {"test": ids(2, 3, seed=77)})
    assert loaded(folder, "segmentation").fingerprint != first.fingerprint


def test_joints_come_back_from_the_cache_with_their_body(tmp_path: Path) -> None:
    joints = np.random.default_rng(0).uniform(0, 8, (5, 14, 3))
    joints[..., 2] = 1
    folder = jointed(tmp_path / "set", {"train": joints.tolist(), "test": joints.tolist()})
    first, second = loaded(folder, "keypoints"), loaded(folder, "keypoints")
    assert same(first, second)
    assert torch.equal(first.train.scales, second.train.scales)  # type: ignore[arg-type]
    assert (first.flip_pairs, first.sigmas, first.torso) == (second.flip_pairs, second.sigmas, second.torso)


@pytest.mark.parametrize("damage", ["meta.json", "train-images.npy", "test-targets.npy"])
def test_a_damaged_entry_is_built_again(tmp_path: Path, cache: Path, decodings: list[Path], damage: str) -> None:
    folder = masked(tmp_path / "set", {"train": ids(6, 3), "test": ids(2, 3)})
    first = loaded(folder, "segmentation")
    (entry,) = cache.iterdir()
    content = bytearray((entry / damage).read_bytes())
    content[-2] ^= 1
    (entry / damage).write_bytes(content)
    assert same(loaded(folder, "segmentation"), first)
    assert len(decodings) == 2


def test_writing_to_a_loaded_set_leaves_the_cache_alone(tmp_path: Path) -> None:
    folder = masked(tmp_path / "set", {"train": ids(6, 3), "val": ids(2, 3), "test": ids(2, 3)})
    loaded(folder, "segmentation")
    loaded(folder, "segmentation").train.images.zero_()
    assert loaded(folder, "segmentation").train.images.any()


class Fetched:
    """A split as the Hub's package hands it out, in memory."""

    cache_files = ()

    def __init__(self, path: Path) -> None:
        self.table = pq.read_table(path)
        self.features = self

    def to_dict(self) -> dict:
        return json.loads(self.table.schema.metadata[b"huggingface"])["info"]["features"]

    def with_format(self, kind: str) -> Fetched:
        assert kind == "arrow"
        return self

    def __getitem__(self, rows: slice) -> pa.Table:
        return self.table


@pytest.mark.parametrize("task", ["segmentation", "keypoints", "classification"])
def test_a_set_of_the_hub_is_what_its_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    images = [png(one) for one in photos(6)]
    held: dict[str, Any] = {
        "mask": [png(one) for one in ids(6, 3)],
        "joints": [[[3.0, 4.0, 1.0], [5.0, 2.0, 1.0]]] * 6,
        "label": [0, 1] * 3,
    }
    name = {"segmentation": "mask", "keypoints": "joints", "classification": "label"}[task]
    for split in ("train", "test"):
        write_table(tmp_path / "set", split, {"image": images, name: held[name]}, {"image": {"_type": "Image"}})
    fetched = {split: Fetched(tmp_path / "set" / f"{split}-00000-of-00001.parquet") for split in ("train", "test")}
    monkeypatch.setattr(hub, "fetch", lambda _: fetched)
    found = load_vision("owner/nowhere", task, size=(8, 10), validation=1)
    assert found.name == "owner/nowhere"
    assert same(found, loaded(tmp_path / "set", task))


def test_the_published_sets_are_themselves(shared: Path, tmp_path: Path) -> None:
    """A part of each: 16 road scenes, 16 persons, in the splits that they come in."""
    for name in ("camvid", "lsp"):
        for file in sorted((shared / name).glob("*.parquet")):
            (tmp_path / name).mkdir(exist_ok=True)
            pq.write_table(pq.ParquetFile(file).read_row_group(0).slice(0, 16), tmp_path / name / file.name)
    roads = loaded(tmp_path / "camvid", "segmentation", size=(96, 128))
    assert (len(roads.train), len(roads.validation), len(roads.test)) == (16, 16, 16)
    assert (len(roads.classes), roads.classes[3]) == (11, "road")
    assert set(roads.train.targets.unique().tolist()) <= {*range(11), 255}
    # The lower middle of a road scene is road.
    assert int(roads.train.targets[:, 80:, 56:72].flatten().mode().values) == 3
    persons = loaded(tmp_path / "lsp", "keypoints", size=(96, 96), validation=4)
    assert (len(persons.train), len(persons.validation), len(persons.test)) == (12, 4, 16)
    assert persons.train.targets.shape == (12, 14, 3)
    assert set(persons.train.targets[..., 2].unique().tolist()) <= {0.0, 2.0}
