"""Decoded vision sets, kept on disk beside the classification sets: decoded once, then mapped into memory."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from winnow.core import WinnowError
from winnow.data.raw import SPLITS
from winnow.data.vision.bodies import Body
from winnow.data.vision.raw import RawVision, RawVisionSplit, fingerprint
from winnow.storage import cache_root, read_json, replacing_folder, write_json

_log = logging.getLogger("winnow")


def decoded_once(key: str, task: str, build: Callable[[], RawVision]) -> tuple[RawVision, str]:
    """The data kept under `key` and its fingerprint; built, and kept if possible, when it is not there.

    A damaged entry is built again. A cache that cannot be written costs time on the next run and nothing else.
    """
    entry = cache_root() / key
    found = _read(entry, task)
    if found is not None:
        return found
    raw = build()
    mark = fingerprint(raw, task)
    try:
        _write(entry, raw, mark)
    except WinnowError as error:
        _log.warning("the decoded data set is not cached, the next run decodes it again: %s", error)
    return raw, mark


def _write(entry: Path, raw: RawVision, mark: str) -> None:
    parts = {
        name: [part for part in split._fields if getattr(split, part) is not None] for name, split in raw.splits.items()
    }
    with replacing_folder(entry) as folder:
        for name, split in raw.splits.items():
            for part in parts[name]:
                np.save(folder / f"{name}-{part}.npy", getattr(split, part))
        meta = {"fingerprint": mark, "classes": raw.classes, "body": asdict(raw.body), "splits": parts}
        write_json(folder / "meta.json", meta)


def _read(entry: Path, task: str) -> tuple[RawVision, str] | None:
    """The entry's data, or None when it is missing or not what it was when it was written."""
    try:
        meta = read_json(entry / "meta.json")
        splits = {name: _split(entry, name, meta["splits"][name]) for name in SPLITS if name in meta["splits"]}
        raw = RawVision(splits, tuple(meta["classes"]), _body(meta["body"]))
        intact = fingerprint(raw, task) == meta["fingerprint"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, WinnowError) as error:
        _log.info("the cached data set %s is damaged and is built again: %s", entry.name, error)
        return None
    return (raw, meta["fingerprint"]) if intact else None


def _split(entry: Path, name: str, parts: list[str]) -> RawVisionSplit:
    # Copy on write: a tensor made of it may be written to, and the file stays as it is.
    return RawVisionSplit(
        **{part: np.load(entry / f"{name}-{part}.npy", mmap_mode="c", allow_pickle=False) for part in parts}
    )


def _body(told: dict[str, Any]) -> Body:
    def pair(name: str) -> tuple[int, int] | None:
        return tuple(told[name]) if told[name] else None

    pairs = tuple((first, second) for first, second in told["flip_pairs"])
    return Body(tuple(told["names"]), pairs, tuple(told["sigmas"]), pair("torso"), pair("head"))
