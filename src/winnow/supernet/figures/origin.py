"""What a page tells of where its numbers come from: command, recipe, data, splits, machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from winnow.reports import Code, Facts, Prose, Section
from winnow.storage import RunFolder, read_json

PAGE = "report.html"


def origin(folder: Path, command: str, data: Mapping[str, Any]) -> Iterator[Section]:
    """The last sections of a page.

    Args:
        folder: of a run or a study.
        command: what makes it again; the one that the folder notes when empty.
        data: as `describe_vision` gave it; empty when it is not known.
    """
    header = RunFolder(folder).header()
    said = command or str(header.get("command", ""))
    if said:
        again = "The same command resumes what is unfinished, and gives the same numbers on the same versions."
        yield Section("How to reproduce it", (Code(said), Prose(again)))
    yield Section("Recipe", (Facts.of(header.get("recipe", {})),))
    if data:
        yield Section("Data", (Facts.of(_told(data)),))
    file = folder / "environment.json"
    if file.is_file():
        yield Section("Machine", (Facts.of(read_json(file)),))


def _told(data: Mapping[str, Any]) -> dict[str, Any]:
    """With the names that a reader knows, long lists of classes only counted."""
    names = {"name": "set", "fingerprint": "SHA-256 of the decoded content", "size": "height, width"}
    told = {names.get(key, key): value for key, value in data.items()}
    for key in ("classes", "joints"):
        if len(told.get(key, ())) > 24:
            told[key] = f"{len(told[key])}, from {told[key][0]} to {told[key][-1]}"
    return told
