"""Files read together: FHIR resources in one pool, rows of tables, and notes that are files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.trials.patients.ccda import ccda_draft
from winnow.trials.patients.draft import Draft, merged
from winnow.trials.patients.fhir import Pool, fhir_drafts
from winnow.trials.patients.files import parsed, read_lines, read_text, refused
from winnow.trials.patients.patient import Unread
from winnow.trials.patients.table_files import csv_rows, parquet_rows
from winnow.trials.patients.tables import Row, drafts_of
from winnow.trials.patients.texts import SUFFIXES, read_note


@dataclass
class Sources:
    """What several files hold, before it is known whose it is.

    Attributes:
        patient_id: the one patient whose files they are; None when each file says (or names) whose it is.
    """

    patient_id: str | None = None
    pool: Pool = field(default_factory=Pool)
    drafts: list[Draft] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def try_file(self, path: Path, note_id: str) -> None:
        """Take a file in; one that cannot be read is listed by its name."""
        try:
            self.take_file(path, note_id)
        except WinnowError as error:
            self.unread.append(Unread(note_id, error.what))

    def take_file(self, path: Path, note_id: str) -> None:
        """Take a file in.

        Raises:
            WinnowError: WN-L01 when it cannot be read or its kind is not known.
        """
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            self._take_note(path, note_id)
        elif suffix in (".json", ".ndjson", ".jsonl"):
            self._take_json(path, lines=suffix != ".json")
        elif suffix in (".csv", ".tsv"):
            rows, complaints = csv_rows(path)
            self._take_rows(rows, path, complaints)
        elif suffix in (".parquet", ".pq"):
            self._take_rows(parquet_rows(path), path, [])
        elif suffix == ".xml":
            self.drafts.append(ccda_draft(path, self.patient_id))
        else:
            raise refused(f"a file of type {suffix or 'unknown'}: not read", path)

    def _take_note(self, path: Path, note_id: str) -> None:
        read = read_note(path, note_id)
        draft = Draft(self.patient_id or path.stem, [read.note])
        for complaint in read.complaints:
            draft.list(note_id, complaint)
        self.drafts.append(draft)

    def _take_json(self, path: Path, lines: bool) -> None:
        text = read_text(path)
        found, complaints = read_lines(text, str(path)) if lines else (_objects(text, path), [])
        rows = [Row(f"row {number}", body) for number, body in found if "resourceType" not in body]
        if rows:
            self._take_rows(rows, path, complaints)
        else:
            self.unread += [Unread(path.name, complaint) for complaint in complaints]
        for _, body in found:
            if "resourceType" in body:
                self.pool.add(body, path.name)

    def _take_rows(self, rows: list[Row], path: Path, complaints: list[str]) -> None:
        self.drafts += drafts_of(rows, path.name, self.patient_id or path.stem)
        self.unread += [Unread(path.name, complaint) for complaint in complaints]

    def finished(self, file: str) -> list[Draft]:
        """The patients; of one patient's files one, unless they name several and none can be told to be meant.

        Args:
            file: the name for what does not say whose it is.
        """
        fhir = fhir_drafts(self.pool, file) if self.pool.entries or self.pool.unread else []
        found = [*merged(self.drafts), *fhir]
        if self.patient_id:
            found = self._as_one(found, self.patient_id)
        found = merged(found)
        for draft in found:
            draft.unread += self.unread
        return found

    @staticmethod
    def _as_one(found: list[Draft], patient_id: str) -> list[Draft]:
        """All drafts under one id; records that name several patients stay apart, and each says so."""
        named = [draft for draft in found if draft.patient_id != patient_id]
        if len(named) <= 1:
            for draft in named:
                draft.patient_id = patient_id
            return found
        for draft in found:
            draft.list(patient_id, "the folder holds records of several patients: they are not joined")
        return found


def _objects(text: str, path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a JSON file: itself, or those of its list, counted from 1."""
    try:
        value = parsed(text)
    except ValueError as error:
        raise refused("no JSON, or cut off", path) from error
    listed = value if isinstance(value, list) else [value]
    found = [(number, body) for number, body in enumerate(listed, start=1) if isinstance(body, dict)]
    if not found:
        raise refused("no JSON object in it", path)
    if "protocolSection" in found[0][1]:
        raise refused("a trial, not a patient", path, "Give trials where trials are asked for.")
    return found
