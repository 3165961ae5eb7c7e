"""CIFAR-10 and CIFAR-100 in the binary form: rows of label bytes and 3,072 pixel bytes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from winnow.data.raw import RawData
from winnow.data.readers import cifar


class CifarBinaryReader:
    """`data_batch_1.bin` to `5` and `test_batch.bin`, or CIFAR-100's `train.bin` and `test.bin`."""

    name = "cifar-binary"
    layout = "data_batch_1.bin ... test_batch.bin, or train.bin and test.bin (CIFAR binary)"

    def recognises(self, folder: Path) -> bool:
        """Whether the first train file is there."""
        return bool(_ten(folder) or _hundred(folder))

    def files(self, folder: Path) -> list[Path]:
        """The batches, and the file of class names."""
        if there := _ten(folder):
            return cifar.files_of(there, cifar.TEN, ".bin", "batches.meta.txt")
        there = _hundred(folder) or folder
        return cifar.files_of(there, cifar.HUNDRED, ".bin", "fine_label_names.txt")

    def read(self, folder: Path) -> RawData:
        """Decode the batches; of CIFAR-100's two labels the fine one counts."""
        if there := _ten(folder):
            return _read(there, cifar.TEN, label_bytes=1, names="batches.meta.txt")
        return _read(_hundred(folder) or folder, cifar.HUNDRED, label_bytes=2, names="fine_label_names.txt")


def _ten(folder: Path) -> Path | None:
    return cifar.place(folder, "data_batch_1.bin")


def _hundred(folder: Path) -> Path | None:
    return cifar.place(folder, "train.bin")


def _read(folder: Path, files: dict[str, list[str]], label_bytes: int, names: str) -> RawData:
    splits = cifar.read_splits(folder, files, ".bin", partial(_rows, label_bytes=label_bytes))
    told = folder / names
    lines = told.read_text(encoding="utf-8", errors="replace").split("\n") if told.is_file() else []
    return RawData(splits, cifar.class_names([line.strip() for line in lines if line.strip()], splits))


def _rows(path: Path, label_bytes: int) -> cifar.Rows:
    content = np.fromfile(path, dtype=np.uint8)
    row = label_bytes + cifar.PIXELS
    if not len(content) or len(content) % row:
        raise cifar.broken(path, f"its {len(content)} bytes are no whole number of {row}-byte rows")
    rows = content.reshape(-1, row)
    return rows[:, label_bytes:], rows[:, label_bytes - 1].astype(np.int64)
