"""The files of a run: a page, a JSON document and sheets, each written whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from winnow.core import digest
from winnow.storage import write_text
from winnow.trials.report.page import render_worklist
from winnow.trials.report.sheets import criterion_sheet, trial_sheet


def write_worklist(document: Mapping[str, Any], folder: Path) -> Path:
    """Write `<patient>.html` and `<patient>.json`, readable by their owner alone. Returns the page.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the place cannot be written.
    """
    name = file_name(document["patient"]["id"])
    page = folder / f"{name}.html"
    _private(folder / f"{name}.json", json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    _private(page, render_worklist(document))
    return page


def write_sheets(documents: Sequence[dict[str, Any]], folder: Path) -> list[Path]:
    """Write `worklist.csv` (a row a trial) and `criteria.csv` (a row a question) of all patients."""
    sheets = {"worklist.csv": trial_sheet(documents), "criteria.csv": criterion_sheet(documents)}
    for name, text in sheets.items():
        _private(folder / name, text)
    return [folder / name for name in sheets]


def file_name(patient_id: str) -> str:
    """A file's name for a patient id: itself when it is harmless, else its letters and a few digits of its digest."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", patient_id):
        return patient_id
    letters = re.sub(r"[^A-Za-z0-9_-]+", "-", patient_id).strip("-")[:40]
    return f"{letters or 'patient'}-{digest(patient_id)[:8]}"


def _private(path: Path, text: str) -> None:
    # These files hold notes: the owner alone reads them.
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_text(path, text)
    path.chmod(0o600)
