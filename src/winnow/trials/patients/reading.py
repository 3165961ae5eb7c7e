"""Whatever a user points at, as patients."""

from __future__ import annotations

from pathlib import Path

from winnow.trials.patients.draft import Draft, merged
from winnow.trials.patients.files import refused
from winnow.trials.patients.folders import folder_drafts
from winnow.trials.patients.patient import Patient, Unread
from winnow.trials.patients.sources import Sources


def read_patients(path: str | Path) -> list[Patient]:
    """The patients in a file or folder, recognised by what is inside.

    A FHIR R4 Bundle or resource (.json), FHIR NDJSON, one note (.txt, .md: a patient of the file's name), a table of
    notes (.csv, .jsonl, .parquet), a C-CDA document (.xml), or a folder: with notes in it, one patient of the folder's
    name, to whom the FHIR files and the subfolders in it belong; without, a folder of patients: its FHIR files, its
    tables, and one patient for each subfolder.

    Returns:
        Patients in the order found, each with what was not understood in `Patient.unread`.

    Raises:
        WinnowError: WN-L01 when the path is wrong or the file is empty, broken, or nothing of this.
    """
    place = Path(path)
    if not place.exists():
        raise refused("no such file or folder", place)
    found, unread = folder_drafts(place) if place.is_dir() else _file(place)
    drafts = merged(found)
    if not any(draft.notes for draft in drafts):
        complaints = [f"{entry.source}: {entry.reason}" for entry in [*(e for d in drafts for e in d.unread), *unread]]
        shown = "; ".join([*dict.fromkeys(complaints)][:3])
        raise refused(f"no note can be read{f' ({shown})' if shown else ''}", place)
    return [draft.finished() for draft in drafts]


def _file(path: Path) -> tuple[list[Draft], list[Unread]]:
    sources = Sources()
    sources.take_file(path, path.name)
    return sources.finished(path.stem), sources.unread
