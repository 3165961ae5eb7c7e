"""Vectors kept on the disk, so that a text is encoded once and not once a run."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from winnow.storage import cache_root

_FOLDER = "embeddings"
# SQLite's limit on the parameters of one statement is far above this.
_TOGETHER = 500


class _Encoder(Protocol):
    @property
    def name(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class KeptEncoder:
    """An encoder whose vectors are kept under the cache's root, by the SHA-256 of the text and the encoder's name.

    No text is written, but a vector tells of its text: the folder is its owner's alone (0700, files 0600), and
    `purge_embeddings` empties it. A file that cannot be read or written costs time and nothing else.

    Args:
        encoder: makes the vectors that are not there yet.
    """

    def __init__(self, encoder: _Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self._file = _folder() / f"{hashlib.sha256(self.name.encode()).hexdigest()[:24]}.sqlite"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [N, d] of unit length, in the order of the texts."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        rows = self._read(list(dict.fromkeys(keys)))
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        if new or not texts:
            made = self._encoder.encode(list(new.values()))
            if not texts:
                return made
            fresh = dict(zip(new, made, strict=True))
            self._write(fresh)
            rows |= fresh
        return np.stack([rows[key] for key in keys])

    def _read(self, keys: list[bytes]) -> dict[bytes, NDArray[np.float32]]:
        rows: dict[bytes, NDArray[np.float32]] = {}
        if not self._file.is_file():
            return rows
        try:
            with closing(sqlite3.connect(self._file)) as base:
                for start in range(0, len(keys), _TOGETHER):
                    some = keys[start : start + _TOGETHER]
                    asked = f"SELECT key, vector FROM vectors WHERE key IN ({','.join('?' * len(some))})"
                    rows |= {key: np.frombuffer(vector, np.float32) for key, vector in base.execute(asked, some)}
        except sqlite3.Error:
            return {}
        return rows

    def _write(self, rows: dict[bytes, NDArray[np.float32]]) -> None:
        try:
            _make_private(self._file)
            with closing(sqlite3.connect(self._file)) as base, base:
                base.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
                values = [(key, row.astype(np.float32).tobytes()) for key, row in rows.items()]
                base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", values)
        except (sqlite3.Error, OSError):
            return


def purge_embeddings() -> int:
    """Delete every vector that is kept on this disk; how many files that were."""
    files = list(_folder().glob("*.sqlite*"))
    for file in files:
        file.unlink()
    return len(files)


def _folder() -> Path:
    return cache_root() / _FOLDER


def _make_private(file: Path) -> None:
    """The folder and the file with their owner's rights only, before anything is written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    file.chmod(0o600)
