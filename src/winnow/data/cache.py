"""Decoded data, kept on disk: a set is decoded once, then mapped into memory."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from winnow.core import WinnowError
from winnow.data.raw import SPLITS, RawData, RawSplit, fingerprint
from winnow.storage import cache_root, read_json, replacing_folder, write_json

# Part of every key: raised whenever the same files would be decoded to something else.
_FORMAT = "1"
_BLOCK = 1 << 20
_log = logging.getLogger("winnow")


def decoded_once(key: str, build: Callable[[], RawData]) -> tuple[RawData, str]:
    """The data kept under `key` and its fingerprint; built, and kept if possible, when it is not there.

    A damaged entry is built again. A cache that cannot be written costs time on the next run and nothing else.
    """
    entry = cache_root() / key
    found = _read(entry)
    if found is not None:
        return found
    raw = build()
    mark = fingerprint(raw)
    try:
        _write(entry, raw, mark)
    except WinnowError as error:
        _log.warning("the decoded data set is not cached, the next run decodes it again: %s", error)
    return raw, mark


def source_key(reader: str, files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 over the names and contents of the source files, and the reader that takes them."""
    digest = hashlib.sha256(f"{_FORMAT}/{reader}".encode())
    for name, path in sorted(files):
        # The size in front keeps two files from reading like one.
        digest.update(f"\0{name}\0{path.stat().st_size}\0".encode(errors="surrogateescape"))
        for block in _blocks(path):
            digest.update(block)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _write(entry: Path, raw: RawData, mark: str) -> None:
    with replacing_folder(entry) as part:
        for name, split in raw.splits.items():
            np.save(part / f"{name}-images.npy", split.images)
            np.save(part / f"{name}-labels.npy", split.labels)
        write_json(
            part / "meta.json",
            {"fingerprint": mark, "classes": raw.classes, "splits": list(raw.splits)},
        )


def _read(entry: Path) -> tuple[RawData, str] | None:
    """The entry's data, or None when it is missing or not what it was when it was written."""
    try:
        meta = read_json(entry / "meta.json")
        splits = {name: _read_split(entry, name) for name in SPLITS if name in meta["splits"]}
        raw = RawData(splits, tuple(meta["classes"]))
        # Hashing 150 MB takes 0.1 s: cheap for never training on bytes that the fingerprint does not tell.
        intact = fingerprint(raw) == meta["fingerprint"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, WinnowError) as error:
        _log.info("the cached data set %s is damaged and is built again: %s", entry.name, error)
        return None
    return (raw, meta["fingerprint"]) if intact else None


def _read_split(entry: Path, name: str) -> RawSplit:
    def mapped(part: str) -> Any:
        return np.load(entry / f"{name}-{part}.npy", mmap_mode="r", allow_pickle=False)

    return RawSplit(mapped("images"), mapped("labels"))
