"""Valid answers of chat models, kept by what was asked.

One file an answer, its name the SHA-256 of model, messages, schema and settings. Files are written whole or not at all,
so several processes and a kill -9 do no harm. They hold words of notes: nobody but their owner can read them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from winnow.core import WinnowError, canonical_json
from winnow.storage import cache_root, read_json, replacing

_DAY = 86400.0
_HEX = "[0-9a-f]"
_NAME = f"{_HEX * 2}/*{_HEX * 16}.json"
_OURS = (_NAME, f"{_HEX * 2}/.part-*.json")


class AnswerCache:
    """Answers by key.

    Args:
        folder: where; `chat-answers` in Winnow's cache when not given. It becomes its owner's alone.

    Raises:
        WinnowError: WN-S02 when the folder cannot be made or belongs to somebody else.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder) if folder is not None else cache_root() / "chat-answers"

    def get(self, key: str) -> Any | None:
        """What was put under the key; None when there is nothing, or nothing readable."""
        try:
            return read_json(self._file(key))
        except (OSError, WinnowError):
            return None

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON value under the key.

        Raises:
            WinnowError: WN-S01 on a full disk, WN-S02 when the place cannot be written.
        """
        file = self._file(key)
        for folder in (self.folder, file.parent):
            _make_private(folder)
        with replacing(file) as part:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(canonical_json(value) + "\n")

    def purge(self, older_than_days: float = 0.0) -> int:
        """Delete the answers older than this many days, and what killed writers left; returns how many files went."""
        gone, limit = 0, time.time() - older_than_days * _DAY
        for pattern in _OURS:  # nothing else is deleted, whatever folder was given
            for file in list(self.folder.glob(pattern)):
                if file.stat().st_mtime <= limit:
                    file.unlink(missing_ok=True)
                    gone += 1
        return gone

    def count(self) -> int:
        """How many answers are kept."""
        return sum(1 for _ in self.folder.glob(_NAME))

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise WinnowError("WN-S02", f"no private folder can be made: {error.strerror}", where=folder) from error
