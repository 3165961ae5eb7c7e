"""Folders: one patient's files, or one folder for each patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from winnow.trials.patients.draft import Draft
from winnow.trials.patients.kinds import known_kind
from winnow.trials.patients.patient import Unread
from winnow.trials.patients.sources import Sources
from winnow.trials.patients.texts import SUFFIXES

_ABOUT = ("readme", "license", "licence", "changelog", "manifest")


def folder_drafts(folder: Path) -> tuple[list[Draft], list[Unread]]:
    """The patients of a folder, and what was not read where it found none.

    With text notes in it, or with notes only in subfolders named after kinds of notes ("imaging"), a folder is one
    patient. Without, its FHIR files and tables say whose they are, and each subfolder is one patient. Hidden files are
    passed over.
    """
    if _is_patient(folder):
        return _patient(folder)
    sources = Sources()
    for path in _files(folder):
        sources.try_file(path, path.name)
    drafts, unread = sources.finished(folder.name), sources.unread
    for sub in _folders(folder):
        own = _patient(sub) if _is_patient(sub) or not _folders(sub) else folder_drafts(sub)
        drafts, unread = [*drafts, *own[0]], [*unread, *([] if own[0] else own[1])]
    for draft in drafts:
        draft.unread += unread
    return drafts, unread


def _patient(folder: Path) -> tuple[list[Draft], list[Unread]]:
    """All files at any depth as one patient of the folder's name."""
    sources = Sources(folder.resolve().name)
    for path in _all_files(folder):
        sources.try_file(path, path.relative_to(folder).as_posix())
    found = sources.finished(folder.name)
    return found, sources.unread or [Unread(folder.name, "an empty folder")]


def _is_patient(folder: Path) -> bool:
    if any(path.suffix.lower() in SUFFIXES and not _is_about(path) for path in _files(folder)):
        return True
    subs = _folders(folder)
    return bool(subs) and not _files(folder) and all(known_kind(sub.name) for sub in subs)


def _is_about(path: Path) -> bool:
    return path.stem.lower().startswith(_ABOUT)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in _visible(folder) if path.is_file() and not _is_about(path))


def _folders(folder: Path) -> list[Path]:
    """Subfolders; links are not followed, so that a circle ends."""
    return sorted(path for path in _visible(folder) if path.is_dir() and not path.is_symlink())


def _all_files(folder: Path) -> list[Path]:
    return [*_files(folder), *(path for sub in _folders(folder) for path in _all_files(sub))]


def _visible(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not path.name.startswith("."))
