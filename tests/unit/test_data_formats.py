"""The same images give the same tensors in every format; a broken folder gives its code."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_data_writers as write
import torch
from PIL import Image

from winnow.core import WinnowError
from winnow.data import DataSet, load


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def loaded(folder: Path) -> DataSet:
    return load(folder, validation=2, seed=0)


def code(folder: Path | str, validation: int | float = 2) -> str:
    with pytest.raises(WinnowError) as caught:
        load(folder, validation=validation, seed=0)
    return caught.value.code


def pixels(data: DataSet) -> list[torch.Tensor]:
    parts = (data.train, data.validation, data.test)
    return [tensor for part in parts for tensor in ((part.inputs * 255).round(), part.labels)]


def assert_same(first: DataSet, second: DataSet) -> None:
    assert first.fingerprint == second.fingerprint
    for one, other in zip(pixels(first), pixels(second), strict=True):
        assert torch.equal(one, other)


def assert_holds(data: DataSet, sets: write.Sets) -> None:
    assert torch.equal((data.test.inputs * 255).round(), torch.from_numpy(sets["test"][0]).float())
    assert data.test.labels.tolist() == sets["test"][1].tolist()


def test_grey_images_are_the_same_from_every_format(tmp_path: Path) -> None:
    sets = write.made()
    expected = loaded(write.write_parquet(tmp_path / "parquet", sets))
    assert_holds(expected, sets)
    assert expected.image_shape == (1, 6, 6)
    for number, (dot, packed) in enumerate([(False, False), (True, False), (False, True), (True, True)]):
        folder = write.write_idx(tmp_path / f"idx{number}", sets, dot=dot, packed=packed)
        assert_same(loaded(folder), expected)
    assert_same(loaded(write.write_image_folder(tmp_path / "folder", sets)), expected)


def test_colour_images_are_the_same_from_every_format(tmp_path: Path) -> None:
    sets = write.made(channels=3, size=32)
    names = ["ant", "bee", "cat"]
    expected = loaded(write.write_parquet(tmp_path / "parquet", sets, image="img", names=names))
    assert_holds(expected, sets)
    folders = [
        write.write_cifar_binary(tmp_path / "binary", sets, names),
        write.write_image_folder(tmp_path / "folder", sets, names),
        *(write.write_cifar_pickle(tmp_path / f"pickle{p}", sets, names, p) for p in (2, 4)),
    ]
    for folder in folders:
        assert_same(loaded(folder), expected)
        assert loaded(folder).classes == ("ant", "bee", "cat")


@pytest.mark.parametrize("writer", [write.write_cifar100_binary, write.write_cifar100_pickle])
def test_the_fine_label_of_cifar_100_counts(tmp_path: Path, writer: Callable[[Path, write.Sets], Path]) -> None:
    sets = write.made(channels=3, size=32)
    assert_same(loaded(writer(tmp_path / "hundred", sets)), loaded(write.write_parquet(tmp_path / "parquet", sets)))


def test_archives_are_read_in_the_subfolder_they_unpack_to(tmp_path: Path) -> None:
    sets = write.made(channels=3, size=32)
    write.write_cifar_pickle(tmp_path / "a" / "cifar-10-batches-py", sets, list("xyz"), 2)
    write.write_cifar_binary(tmp_path / "b" / "cifar-10-batches-bin", sets)
    write.write_cifar100_binary(tmp_path / "c" / "cifar-100-binary", sets)
    prints = {loaded(tmp_path / name).fingerprint for name in "abc"}
    assert len(prints) == 1


def test_parquet_in_a_data_subfolder_in_parts_with_a_validation_split(tmp_path: Path) -> None:
    sets = write.made()
    write.write_parquet(tmp_path / "data", {**sets, "val": sets["test"]})
    whole = pq.read_table(tmp_path / "data" / "train-00000-of-00001.parquet")
    (tmp_path / "data" / "train-00000-of-00001.parquet").unlink()
    for part in range(3):
        pq.write_table(whole[part * 4 : part * 4 + 4], tmp_path / "data" / f"train-0000{part}-of-00003.parquet")
    data = loaded(tmp_path)
    assert (len(data.train), len(data.validation)) == (12, 6)
    assert torch.equal(data.validation.inputs, data.test.inputs)
    (tmp_path / "data" / "train-00001-of-00003.parquet").unlink()
    assert code(tmp_path) == "WN-D02"


def test_parquet_without_metadata_is_read_by_type_and_name(tmp_path: Path) -> None:
    sets = write.made()
    plain = write.write_parquet(tmp_path / "a", sets, image="picture", label="fine_label", metadata=False)
    assert_same(loaded(plain), loaded(write.write_parquet(tmp_path / "b", sets)))


def test_text_labels_become_sorted_classes(tmp_path: Path) -> None:
    folder = write.write_parquet(tmp_path / "a", write.made(), metadata=False)
    for path in folder.iterdir():
        table = pq.read_table(path)
        texts = pa.array([["owl", "elk", "yak"][label] for label in table["label"].to_pylist()])
        pq.write_table(table.set_column(0, "label", texts), path)
    data = loaded(folder)
    assert data.classes == ("elk", "owl", "yak")
    assert data.test.labels.tolist() == [1, 1, 0, 0, 2, 2]


def test_other_labels_change_the_fingerprint_and_other_names_do_not(tmp_path: Path) -> None:
    sets = write.made()
    first = loaded(write.write_parquet(tmp_path / "a", sets)).fingerprint
    assert loaded(write.write_parquet(tmp_path / "b", sets, names=["x", "y", "z"])).fingerprint == first
    sets["test"][1][0] = 2
    assert loaded(write.write_parquet(tmp_path / "c", sets)).fingerprint != first


def test_a_folder_without_a_test_split_gets_a_stratified_fifth(tmp_path: Path) -> None:
    sets = write.made(train=30)
    folder = write.write_image_folder(tmp_path / "a", {"train": sets["train"]})
    first, second = load(folder, validation=4, seed=1), load(folder, validation=4, seed=2)
    assert first.test.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert torch.equal(first.test.inputs, second.test.inputs)
    assert not torch.equal(first.validation.inputs, second.validation.inputs)
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_an_image_folder_may_have_its_own_validation_split(tmp_path: Path, name: str) -> None:
    sets = write.made()
    data = loaded(write.write_image_folder(tmp_path / "a", {**sets, name: sets["test"]}))
    assert torch.equal(data.validation.inputs, data.test.inputs)
    assert len(data.train) == 12


def test_one_colour_image_turns_a_grey_set_to_colour(tmp_path: Path) -> None:
    sets = write.made()
    folder = write.write_image_folder(tmp_path / "a", sets)
    Image.new("RGB", (6, 6), (255, 0, 51)).save(folder / "test" / "0" / "0000.png")
    data = loaded(folder)
    assert data.image_shape == (3, 6, 6)
    assert data.test.inputs[0, :, 0, 0].tolist() == pytest.approx([1.0, 0.0, 0.2])
    assert torch.equal(data.train.inputs[:, 0], data.train.inputs[:, 2])


def test_other_pixel_forms_become_eight_bits(tmp_path: Path) -> None:
    folder = write.write_image_folder(tmp_path / "a", write.made())
    kinds = {
        "0000": Image.fromarray(np.full((6, 6), 0x8001, dtype=np.uint16)),
        "0001": Image.new("LA", (6, 6), (200, 0)),
        "0002": Image.new("1", (6, 6), 1),
    }
    for name, image in kinds.items():
        image.save(next(folder.glob(f"test/*/{name}.png")))
    data = loaded(folder)
    assert data.image_shape == (1, 6, 6)
    assert (data.test.inputs[:3, 0, 0, 0] * 255).round().tolist() == [128, 0, 255]


def test_transparent_colour_is_laid_over_black(tmp_path: Path) -> None:
    folder = write.write_image_folder(tmp_path / "a", write.made(channels=3))
    Image.new("RGBA", (6, 6), (255, 255, 255, 51)).save(folder / "test" / "0" / "0000.png")
    assert loaded(folder).test.inputs[0].unique().tolist() == pytest.approx([0.2])


def test_images_of_unequal_size_are_named(tmp_path: Path) -> None:
    folder = write.write_image_folder(tmp_path / "a", write.made())
    odd = folder / "test" / "2" / "0005.png"
    Image.new("L", (9, 5)).save(odd)
    with pytest.raises(WinnowError) as caught:
        loaded(folder)
    assert caught.value.code == "WN-D04"
    assert f"{odd} is 9x5" in caught.value.what
    assert "6x6" in caught.value.what


def test_splits_of_unequal_size_are_refused(tmp_path: Path) -> None:
    small, large = write.made(), write.made(size=8)
    folder = write.write_idx(tmp_path / "a", {"train": small["train"], "test": large["test"]})
    assert code(folder) == "WN-D04"


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    folder = write.write_image_folder(tmp_path / "a", write.made())
    broken = folder / "train" / "1" / "0004.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(WinnowError) as caught:
        loaded(folder)
    assert (caught.value.code, caught.value.where) == ("WN-D02", str(broken))


def test_a_class_that_train_lacks_is_refused(tmp_path: Path) -> None:
    folder = write.write_image_folder(tmp_path / "a", write.made())
    (folder / "test" / "2").rename(folder / "test" / "9")
    assert code(folder) == "WN-D03"


def test_wrong_columns_are_told(tmp_path: Path) -> None:
    folder = write.write_parquet(tmp_path / "a", write.made(), label="joints", metadata=False)
    with pytest.raises(WinnowError) as caught:
        loaded(folder)
    assert caught.value.code == "WN-D03"
    assert "joints (int64), image (struct" in caught.value.what
    assert "no label column" in caught.value.what


def test_a_test_table_without_the_label_column_is_refused(tmp_path: Path) -> None:
    folder = write.write_parquet(tmp_path / "a", write.made())
    path = folder / "test-00000-of-00001.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["label"]), path)
    assert code(folder) == "WN-D03"


@pytest.mark.parametrize("wrong", [-1, 3])
def test_labels_outside_the_classes_are_refused(tmp_path: Path, wrong: int) -> None:
    sets = write.made()
    sets["test"][1][0] = wrong
    assert code(write.write_parquet(tmp_path / "a", sets)) == "WN-D03"
    assert code(write.write_parquet(tmp_path / "b", {"train": sets["test"]}, names=list("abc"))) == "WN-D03"


def test_ids_are_no_classes(tmp_path: Path) -> None:
    sets = write.made()
    sets["train"][1][0] = 1 << 40
    folder = tmp_path / "a"
    assert code(write.write_parquet(folder, sets, names=["x"], metadata=False)) == "WN-D03"


def test_one_class_is_no_task(tmp_path: Path) -> None:
    assert code(write.write_idx(tmp_path / "a", write.made(classes=1))) == "WN-D05"


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content[:6],
        lambda content: content[:0],
        lambda content: b"\0\0\x0d" + content[3:],
        lambda content: b"\x1f\x8b" + content[2:],
    ],
)
def test_a_damaged_idx_file_is_refused(tmp_path: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    folder = write.write_idx(tmp_path / "a", write.made())
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    assert code(folder) == "WN-D02"


def test_idx_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    folder = write.write_idx(tmp_path / "a", write.made())
    (folder / "train-labels-idx1-ubyte").write_bytes(write.idx_bytes(np.array([0, 1])))
    assert code(folder) == "WN-D02"


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_a_missing_idx_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = write.write_idx(tmp_path / "a", write.made())
    (folder / name).unlink()
    assert code(folder) == "WN-D02"


def test_damaged_or_missing_cifar_batches_are_refused(tmp_path: Path) -> None:
    sets = write.made(channels=3, size=32)
    binary = write.write_cifar_binary(tmp_path / "binary", sets)
    (binary / "test_batch.bin").write_bytes(b"\0" * 3000)
    assert code(binary) == "WN-D02"
    pickled = write.write_cifar_pickle(tmp_path / "pickle", sets, list("abc"), 2)
    (pickled / "data_batch_3").unlink()
    assert code(pickled) == "WN-D02"


@pytest.mark.parametrize(
    "batch",
    [
        [1, 2],
        {b"data": np.zeros((2, 3072), dtype=np.float32), b"labels": [0, 1]},
        {b"data": np.zeros((2, 99), dtype=np.uint8), b"labels": [0, 1]},
        {b"data": np.zeros((2, 3072), dtype=np.uint8), b"labels": ["a", "b"]},
        {b"data": np.zeros((2, 3072), dtype=np.uint8), b"labels": [0]},
        {b"data": np.zeros((2, 3072), dtype=np.uint8)},
    ],
)
def test_pickles_of_another_content_are_refused(tmp_path: Path, batch: object) -> None:
    folder = write.write_cifar_pickle(tmp_path / "a", write.made(channels=3, size=32), list("abc"), 2)
    (folder / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))
    assert code(folder) == "WN-D02"


class Trap:
    """Pickles as a call that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("place", ["data_batch_1", "batches.meta"])
def test_a_pickle_never_runs_code(tmp_path: Path, protocol: int, place: str) -> None:
    folder = write.write_cifar_pickle(tmp_path / "a", write.made(channels=3, size=32), list("abc"), 2)
    trap = pickle.dumps({b"data": Trap(tmp_path / "sprung")}, protocol=protocol)
    (folder / place).write_bytes(trap)
    assert code(folder) == "WN-D02"
    assert not (tmp_path / "sprung").exists()
    pickle.loads(trap)
    assert (tmp_path / "sprung").exists(), "the trap itself works"


@pytest.mark.parametrize("content", [b"", b"\x80\x02}", b"not a pickle"])
def test_a_cut_pickle_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = write.write_cifar_pickle(tmp_path / "a", write.made(channels=3, size=32), list("abc"), 2)
    (folder / "data_batch_1").write_bytes(content)
    assert code(folder) == "WN-D02"


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    folder = write.write_parquet(tmp_path / "a", write.made())
    path = folder / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:200])
    assert code(folder) == "WN-D02"


def test_a_strange_folder_is_told_what_is_understood(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    assert code(folder) == "WN-D02"
    (folder / "notes.txt").write_text("hello")
    with pytest.raises(WinnowError, match=r"notes\.txt") as caught:
        loaded(folder)
    for form in ("parquet", "IDX", "CIFAR", "image folder"):
        assert form in caught.value.fix


def test_no_folder_is_told_apart(tmp_path: Path) -> None:
    assert code(tmp_path / "missing") == "WN-D01"
    (tmp_path / "file").write_text("x")
    assert code(tmp_path / "file") == "WN-D01"
    assert code("nothing-here") == "WN-D01"
