"""IDX, the files that MNIST, Fashion-MNIST and their kin are published in."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.raw import RawData, RawSplit, numbered_classes

_SPLITS = {"train": "train", "test": "t10k"}
_PLACES = (".", "raw", "MNIST/raw")  # the last two as torchvision leaves them
_UNSIGNED_BYTE = 8


class IdxReader:
    """`train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the two of `t10k`, compressed or not."""

    name = "idx"
    layout = "train-images-idx3-ubyte with its labels and t10k files (IDX, .gz or not)"

    def recognises(self, folder: Path) -> bool:
        """Whether the train images are there."""
        return _find(folder, "train", "images-idx3") is not None

    def files(self, folder: Path) -> list[Path]:
        """The files that are there, of the four."""
        pairs = [(prefix, kind) for prefix in _SPLITS.values() for kind in ("images-idx3", "labels-idx1")]
        return [path for prefix, kind in pairs if (path := _find(folder, prefix, kind))]

    def read(self, folder: Path) -> RawData:
        """Decode the four files; each must be there, as a set cut short would measure something else."""
        splits = {name: _read_split(folder, prefix) for name, prefix in _SPLITS.items()}
        return RawData(splits, numbered_classes([split.labels for split in splits.values()]))


def _find(folder: Path, prefix: str, kind: str) -> Path | None:
    stem = f"{prefix}-{kind}-ubyte"
    names = [stem, stem.replace("-idx", ".idx")]
    paths = (folder / place / f"{name}{end}" for place in _PLACES for name in names for end in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def _read_split(folder: Path, prefix: str) -> RawSplit:
    images = _read_idx(_required(folder, prefix, "images-idx3"), dimensions=3)
    labels = _read_idx(_required(folder, prefix, "labels-idx1"), dimensions=1)
    return RawSplit(images[:, None], labels.astype(np.int64))


def _required(folder: Path, prefix: str, kind: str) -> Path:
    path = _find(folder, prefix, kind)
    if path is None:
        raise WinnowError(
            "WN-D02",
            f"{prefix}-{kind}-ubyte is missing",
            where=folder,
            fix="Put all four files of the set into the folder.",
        )
    return path


def _read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """One array of unsigned bytes: magic number, one big-endian size per dimension, then the values."""
    content = _unpacked(path)
    head = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, _UNSIGNED_BYTE, dimensions]) or len(content) < head:
        raise _broken(path, f"its magic number is 0x{content[:4].hex()}, not 0x000008{dimensions:02x}")
    shape = struct.unpack(f">{dimensions}I", content[4:head])
    if len(content) != head + math.prod(shape):
        raise _broken(path, f"it promises {math.prod(shape)} values and holds {len(content) - head}")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(path, f"it cannot be decompressed: {error}") from error


def _broken(path: Path, reason: str) -> WinnowError:
    return WinnowError("WN-D02", f"not an IDX file: {reason}", where=path, fix="Fetch it again.")
