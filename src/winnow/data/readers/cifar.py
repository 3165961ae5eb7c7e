"""What the two forms of CIFAR share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.raw import RawSplit, numbered_classes

PIXELS = 3 * 32 * 32
TEN = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
HUNDRED = {"train": ["train"], "test": ["test"]}

Rows = tuple[NDArray[np.uint8], NDArray[np.int64]]


def place(folder: Path, first: str) -> Path | None:
    """Where the file `first` lies: in the folder, or in the subfolder that the archive unpacks to."""
    inside = sorted(folder.glob("cifar-10*"))
    return next((there for there in (folder, *inside) if (there / first).is_file()), None)


def files_of(folder: Path, names: dict[str, list[str]], end: str, *extra: str) -> list[Path]:
    """The files that are there, of those that the set has."""
    wanted = [f"{name}{end}" for split in names.values() for name in split]
    return [path for name in [*wanted, *extra] if (path := folder / name).is_file()]


def read_splits(
    folder: Path, names: dict[str, list[str]], end: str, read_rows: Callable[[Path], Rows]
) -> dict[str, RawSplit]:
    """Read every file of every split; a missing one is an error, as a part of CIFAR is not CIFAR.

    Args:
        folder: where the files lie.
        names: file names by split.
        end: what the names end on.
        read_rows: takes a path, returns pixels uint8 [n, 3072] and labels int64 [n].
    """
    missing = [f"{n}{end}" for split in names.values() for n in split if not (folder / f"{n}{end}").is_file()]
    if missing:
        raise WinnowError("WN-D02", f"{', '.join(missing)} missing", where=folder, fix="Unpack the whole archive.")
    return {split: _joined([read_rows(folder / f"{n}{end}") for n in files]) for split, files in names.items()}


def class_names(names: list[str], splits: dict[str, RawSplit]) -> tuple[str, ...]:
    """The names told by the set, or numbers."""
    return tuple(names) or numbered_classes([split.labels for split in splits.values()])


def broken(path: Path, reason: str) -> WinnowError:
    """WN-D02 on one of the files."""
    return WinnowError("WN-D02", f"not a CIFAR file: {reason}", where=path, fix="Fetch it again.")


def _joined(parts: list[Rows]) -> RawSplit:
    pixels = np.concatenate([rows for rows, _ in parts]).reshape(-1, 3, 32, 32)
    return RawSplit(pixels, np.concatenate([labels for _, labels in parts]))
