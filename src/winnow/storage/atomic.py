"""Files and folders that are there whole or not at all.

A file is written beside its place under a temporary name, flushed to the disk, then renamed. A reader, or a run
that was killed with -9, sees the old file or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from winnow.core import WinnowError, plain

_MARK, _ASIDE = ".part-", ".aside-"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path; on success it becomes `path`, on any error it is removed.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the place cannot be written.
    """
    final = Path(path).absolute()
    part = final.with_name(f"{_MARK}{uuid.uuid4().hex[:8]}-{final.name}")
    with _coded(final), _removed_on_error(part):
        final.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _flush(part)
        part.replace(final)
        _flush(final.parent)


@contextlib.contextmanager
def replacing_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty temporary folder; on success it takes the place of `path`.

    An older folder is set aside before it is deleted; `sweep` puts it back when a kill came in between.
    """
    final = Path(path).absolute()
    part = final.with_name(f"{_MARK}{uuid.uuid4().hex[:8]}-{final.name}")
    with _coded(final), _removed_on_error(part):
        part.mkdir(parents=True)
        yield part
        for file in part.rglob("*"):
            _flush(file)
        aside = final.with_name(f"{_ASIDE}{final.name}")
        _settle(aside)
        if final.exists():
            final.replace(aside)
        try:
            part.replace(final)
            _flush(final.parent)
        finally:
            _settle(aside)


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 text whole."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Write readable JSON (indented, keys in their own order)."""
    write_text(path, json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises:
        WinnowError: WN-S03 when it is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise WinnowError(
            "WN-S03", f"not readable as JSON: {error}", where=path, fix="Delete it and run again."
        ) from error


def sweep(folder: Path | str) -> None:
    """Clear up after a killed writer: put back a folder that it set aside, remove what it left half-written."""
    for aside in Path(folder).rglob(f"{_ASIDE}*"):
        _settle(aside)
    for stale in Path(folder).rglob(f"{_MARK}*"):
        _remove(stale)


def _settle(aside: Path) -> None:
    """What was set aside goes back when its place is empty, else away."""
    final = aside.with_name(aside.name.removeprefix(_ASIDE))
    if aside.exists() and not final.exists():
        aside.replace(final)
    _remove(aside)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _removed_on_error(part: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _remove(part)
        raise


@contextlib.contextmanager
def _coded(final: Path) -> Iterator[None]:
    """Turn what the operating system says into a coded error."""
    try:
        yield
    except WinnowError:
        raise
    except Exception as error:
        if _says_full(error):
            raise WinnowError(
                "WN-S01",
                f"no space left to write {final.name}",
                where=final,
                fix="Free some space, or choose another folder with --out, and run again: it resumes.",
            ) from error
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise WinnowError("WN-S02", reason, where=final, fix="Choose a folder you may write to.") from error
        raise


def _says_full(error: Exception) -> bool:
    """Rust-made writers (safetensors) tell the system's message as text, without its number."""
    return getattr(error, "errno", None) in _FULL or "No space left" in str(error)
