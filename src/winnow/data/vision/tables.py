"""Arrow tables of a vision set: from Parquet files in the Hub's layout, or from the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from winnow.core import WinnowError
from winnow.data.decode import Encoded
from winnow.data.readers.parquet import check_complete, features_of, opened, read_parts
from winnow.data.readers.text_folder import files_by_split

IMAGES = ("image", "img")


class Tables(NamedTuple):
    """One table per split, the Hub's description of the columns, and how to name the set in an error."""

    parts: dict[str, pa.Table]
    features: dict[str, Any]
    where: object


def parquet_files(folder: Path) -> dict[str, list[Path]]:
    """The Parquet files of each split, in the folder or its `data/`; empty where there is no train file."""
    found = files_by_split(folder)
    tables = {split: paths for split, paths in found.items() if paths[0].suffix == ".parquet"}
    return tables if "train" in tables else {}


def schema_of(folder: Path) -> pa.Schema:
    """The schema of the first train file.

    Raises:
        WinnowError: WN-D02 when it cannot be read.
    """
    with opened(parquet_files(folder)["train"][0]) as file:
        return file.schema_arrow


def folder_tables(folder: Path, columns: Sequence[str]) -> Tables:
    """These columns of every split, as far as they are there.

    Raises:
        WinnowError: WN-D02 on a file that cannot be read or a missing part, WN-D03 when parts differ.
    """
    files = parquet_files(folder)
    for paths in files.values():
        check_complete(paths)
    parts = {name: read_parts(paths, list(columns)) for name, paths in files.items()}
    return Tables(parts, features_of(schema_of(folder)), folder)


def image_columns(schema: pa.Schema) -> list[str]:
    """The columns that can hold encoded images: bytes, or a struct with bytes; the likeliest for photographs first."""
    found = [field.name for field in schema if _holds_bytes(field.type)]
    return sorted(found, key=lambda name: IMAGES.index(name) if name in IMAGES else len(IMAGES))


def with_column(tables: Tables, column: str) -> dict[str, pa.Table]:
    """The splits that have the column: train must, and a split of which no row has a value is not labelled.

    Raises:
        WinnowError: WN-D03 when train does not have it.
    """
    if column not in tables.parts["train"].schema.names:
        raise _no_column("train", column, tables.where)
    return {
        name: table
        for name, table in tables.parts.items()
        if name == "train" or (column in table.schema.names and table[column].null_count < table.num_rows)
    }


def cells(table: pa.Table, column: str, split: str, where: object) -> list[Encoded]:
    """The encoded images of a column; those without bytes are files that the Hub's cache names by a full path.

    Raises:
        WinnowError: WN-D02 on a missing image, WN-D03 on a missing column.
    """
    if column not in table.schema.names:
        raise _no_column(split, column, where)
    items: list[Encoded] = []
    for row, cell in enumerate(value for chunk in table[column].chunks for value in chunk.to_pylist()):
        name = f"{where}: {split} {column} {row}"
        source = cell.get("bytes") if isinstance(cell, dict) else cell
        path = Path((cell.get("path") if isinstance(cell, dict) else "") or "")
        if source is None and not path.is_absolute():
            fix = "Remove the row, or add what is missing."
            raise WinnowError("WN-D02", f"row {row} has no {column}", where=name, fix=fix)
        items.append(Encoded(name, path if source is None else source))
    return items


def listed(schema: pa.Schema) -> str:
    """The columns with their types, for an error."""
    return ", ".join(f"{field.name} ({field.type})" for field in schema) or "no columns"


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _no_column(split: str, column: str, where: object) -> WinnowError:
    fix = "Every split wants the columns of the train split."
    return WinnowError("WN-D03", f"the {split} split has no column {column!r}", where=where, fix=fix)
