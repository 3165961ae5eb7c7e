"""Reading trials from files and folders."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowException

from winnow.core import WinnowError
from winnow.trials.registry.reading import Gathering, Reading
from winnow.trials.registry.rows import is_trial_table, row_trial
from winnow.trials.registry.study import study_trial
from winnow.trials.registry.trial import Trial

_FIX = (
    "Give ClinicalTrials.gov v2 .json, .ndjson or .jsonl, a .csv or .parquet table, .txt or .md, or a folder of them."
)


def read_trials(path: str | Path) -> Reading:
    """Trials of a file or of a folder of files, searched to the bottom in the order of names.

    A .json holds one v2 study, a list of them or {"studies": [...]}; .ndjson and .jsonl a study or a table row a line;
    .parquet, .csv and .tsv a row a trial; .txt and .md one eligibility text whose id is the file's name. A file or a
    line that cannot be read within a larger input is listed in `unread`; so is a study without id or eligibility text
    and every repeated id.

    Raises:
        WinnowError: WN-L02 when there is nothing at this place, a single file is broken, or no trial could be read.
    """
    path = Path(path)
    gathering = Gathering()
    if path.is_dir():
        _read_folder(path, gathering)
    elif path.is_file():
        _read_file(path, gathering)
    else:
        raise WinnowError("WN-L02", "nothing is here", where=path, fix=_FIX)
    reading = gathering.reading()
    if not reading.trials:
        why = reading.unread[0].reason if reading.unread else "it is empty"
        raise WinnowError("WN-L02", f"no trial could be read: {why}", where=path, fix=_FIX)
    return reading


def _read_folder(folder: Path, gathering: Gathering) -> None:
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        try:
            _read_file(file, gathering)
        except WinnowError as error:
            gathering.leave(file.name, error.what)


def _read_file(file: Path, gathering: Gathering) -> None:
    readers = {
        ".json": _read_json,
        ".ndjson": _read_lines,
        ".jsonl": _read_lines,
        ".parquet": _read_parquet,
        ".csv": _read_csv,
        ".tsv": _read_csv,
        ".txt": _read_text,
        ".md": _read_text,
    }
    read = readers.get(file.suffix.lower())
    if read is None:
        raise WinnowError("WN-L02", f"{file.suffix or 'no suffix'} is not a kind of trial file", where=file, fix=_FIX)
    try:
        read(file, gathering)
    except (OSError, ArrowException, csv.Error, ValueError, RecursionError) as error:
        what = "the file is broken: " + (str(error).splitlines() or ["unreadable"])[0][:120]
        raise WinnowError("WN-L02", what, where=file, fix="Download or export it again, as UTF-8.") from error


def _read_json(file: Path, gathering: Gathering) -> None:
    held = json.loads(_text(file))
    for at, study in enumerate(_studies(held)):
        _keep(study, gathering, file.name if at == 0 and held is study else f"{file.name}[{at}]")


def _studies(held: object) -> list[Any]:
    """The studies of a parsed JSON document: itself, a list, or a page of the API."""
    if isinstance(held, dict) and isinstance(held.get("studies"), list):
        return held["studies"]
    return held if isinstance(held, list) else [held]


def _read_lines(file: Path, gathering: Gathering) -> None:
    for number, line in enumerate(_text(file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            held = json.loads(line)
        except (ValueError, RecursionError):
            gathering.leave(f"{file.name}:{number}", "a line that is not JSON")
            continue
        _keep(held, gathering, f"{file.name}:{number}")


def _read_parquet(file: Path, gathering: Gathering) -> None:
    table = pq.read_table(file)
    _read_rows(table.column_names, table.to_pylist(), file, gathering)


def _read_csv(file: Path, gathering: Gathering) -> None:
    csv.field_size_limit(sys.maxsize)
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    rows = csv.DictReader(io.StringIO(_text(file)), delimiter=delimiter)
    _read_rows(list(rows.fieldnames or []), rows, file, gathering)


def _read_rows(columns: list[str], rows: Iterable[Mapping[str, Any]], file: Path, gathering: Gathering) -> None:
    if not is_trial_table(columns):
        raise ValueError("no column for the id (nct_id) or none for eligibility (inclusion_criteria, eligibility)")
    for number, row in enumerate(rows, start=1):
        _keep(row, gathering, f"{file.name} row {number}")


def _read_text(file: Path, gathering: Gathering) -> None:
    gathering.keep(Trial(file.stem, file.stem, _text(file), source=file.name), file.name)


def _keep(held: object, gathering: Gathering, source: str) -> None:
    """A v2 study or a table row, kept, or listed with the reason."""
    try:
        if isinstance(held, Mapping) and is_trial_table([str(name) for name in held]):
            trial, doubts = row_trial(held, source)
        else:
            trial, doubts = study_trial(held, source)
    except ValueError as error:
        gathering.leave(source, str(error))
        return
    for doubt in doubts:
        gathering.leave(source, doubt)
    gathering.keep(trial, source)


def _text(file: Path) -> str:
    """The file's characters; a byte order mark is dropped, line ends stay as they are."""
    return file.read_bytes().decode("utf-8-sig")
