"""CIFAR-10 and CIFAR-100 in the Python form: pickled batches."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from winnow.data.raw import RawData
from winnow.data.readers import cifar
from winnow.data.readers.pickles import read_pickle


class CifarPickleReader:
    """`data_batch_1` to `5` and `test_batch`, or CIFAR-100's `train` and `test`."""

    name = "cifar-pickle"
    layout = "data_batch_1 ... test_batch, or train and test (CIFAR Python batches)"

    def recognises(self, folder: Path) -> bool:
        """Whether the first train file is there."""
        return bool(_ten(folder) or _hundred(folder))

    def files(self, folder: Path) -> list[Path]:
        """The batches, and the file of class names."""
        if there := _ten(folder):
            return cifar.files_of(there, cifar.TEN, "", "batches.meta")
        return cifar.files_of(_hundred(folder) or folder, cifar.HUNDRED, "", "meta")

    def read(self, folder: Path) -> RawData:
        """Decode the batches; of CIFAR-100's two labels the fine one counts."""
        if there := _ten(folder):
            return _read(there, cifar.TEN, "labels", there / "batches.meta", "label_names")
        there = _hundred(folder) or folder
        return _read(there, cifar.HUNDRED, "fine_labels", there / "meta", "fine_label_names")


def _ten(folder: Path) -> Path | None:
    return cifar.place(folder, "data_batch_1")


def _hundred(folder: Path) -> Path | None:
    return cifar.place(folder, "train")


def _read(folder: Path, files: dict[str, list[str]], label_key: str, meta: Path, names_key: str) -> RawData:
    splits = cifar.read_splits(folder, files, "", partial(_rows, label_key=label_key))
    names = _entries(meta).get(names_key, []) if meta.is_file() else []
    return RawData(splits, cifar.class_names([_text(name) for name in names], splits))


def _rows(path: Path, label_key: str) -> cifar.Rows:
    batch = _entries(path)
    pixels, labels = batch.get("data"), batch.get(label_key)
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (cifar.PIXELS,):
        raise cifar.broken(path, f"`data` is no array of {cifar.PIXELS} bytes a row")
    try:
        return pixels, np.array(labels, dtype=np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise cifar.broken(path, f"`{label_key}` is no list of numbers") from error


def _entries(path: Path) -> dict[str, Any]:
    """The pickled dict; its keys are bytes when Python 2 wrote it."""
    try:
        content = read_pickle(path)
    except pickle.UnpicklingError as error:
        raise cifar.broken(path, str(error)) from error
    if not isinstance(content, dict):
        raise cifar.broken(path, "it holds no batch")
    return {_text(key): value for key, value in content.items()}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
