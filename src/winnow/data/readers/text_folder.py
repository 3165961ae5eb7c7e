"""Texts with labels: Parquet in the Hub's layout, or `train.csv`, `train.tsv`, `train.jsonl` with `test.*`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from winnow.core import WinnowError
from winnow.data.raw_text import RawText
from winnow.data.readers.parquet import check_complete, features_of, opened, read_parts
from winnow.data.table import SPLIT_NAMES
from winnow.data.text_table import read_text_tables

LAYOUT = "texts with labels as train-*.parquet, train.parquet, train.csv, train.tsv or train.jsonl, and test the same"
_ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl")


def files_by_split(folder: Path) -> dict[str, list[Path]]:
    """The files of each split, in the folder or else in its `data/`; empty where there is no train file."""
    for place in (folder, folder / "data"):
        found = {ours: files for ours, names in SPLIT_NAMES.items() if (files := _files(place, names))}
        if "train" in found:
            return found
    return {}


def read(folder: Path) -> RawText:
    """Read the splits; the columns are found by their names and types.

    Raises:
        WinnowError: WN-D02 on a file that cannot be read, WN-D03 on missing columns or labels, WN-M02 when the tables
            hold images.
    """
    files = files_by_split(folder)
    first = files["train"][0]
    features = features_of(opened(first).schema_arrow) if first.suffix == ".parquet" else {}
    return read_text_tables({name: _table(paths) for name, paths in files.items()}, features, folder)


def _files(place: Path, names: tuple[str, ...]) -> list[Path]:
    """A split's parts in the Hub's layout, or its one file."""
    for name in names:
        if parts := sorted(place.glob(f"{name}-*.parquet")):
            return parts
        for ending in _ENDINGS:
            if (file := place / f"{name}{ending}").is_file():
                return [file]
    return []


def _table(paths: list[Path]) -> pa.Table:
    if paths[0].suffix == ".parquet":
        check_complete(paths)
        return read_parts(paths, opened(paths[0]).schema_arrow.names)
    (path,) = paths
    try:
        # A byte-order mark, as spreadsheets write it, is no part of the first name.
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _gathered(_ROWS[path.suffix](file), path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _broken(path, str(error)) from error


def _gathered(rows: Iterator[dict[str, Any]], path: Path) -> pa.Table:
    """Rows as columns; what a row does not have is missing."""
    found = list(rows)
    names = list(dict.fromkeys(name for row in found for name in row))
    try:
        return pa.table({name: [row.get(name) for row in found] for name in names})
    except pa.ArrowException as error:
        raise WinnowError("WN-D03", f"a column holds values of several kinds: {error}", where=path) from error


def _csv_rows(file: Any, delimiter: str = ",") -> Iterator[dict[str, Any]]:
    """Rows of a file with a head line; an empty field is missing."""
    reader = csv.DictReader(file, delimiter=delimiter, strict=True)
    for row in reader:
        if None in row or None in row.values():
            raise csv.Error(f"line {reader.line_num} has another number of fields than the head line")
        yield {name: value or None for name, value in row.items()}


def _tsv_rows(file: Any) -> Iterator[dict[str, Any]]:
    return _csv_rows(file, delimiter="\t")


def _json_rows(file: Any) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise csv.Error(f"line {number} is no JSON: {error}") from error
            if not isinstance(row, dict):
                raise csv.Error(f"line {number} is no JSON object")
            yield row


_ROWS: dict[str, Callable[[Any], Iterator[dict[str, Any]]]] = {
    ".csv": _csv_rows,
    ".tsv": _tsv_rows,
    ".jsonl": _json_rows,
}


def _broken(path: Path, reason: str) -> WinnowError:
    fix = "One row a line, in UTF-8; a text with commas or line breaks stands in double quotes."
    return WinnowError("WN-D02", f"not readable as {path.suffix[1:].upper()}: {reason}", where=path, fix=fix)
