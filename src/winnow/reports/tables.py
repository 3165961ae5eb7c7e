"""Tables as files (Parquet and CSV) and as HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from winnow.storage import replacing, write_text


def write_table(rows: Sequence[Mapping[str, Any]], folder: Path | str, name: str) -> tuple[Path, Path]:
    """Write the rows as `name`.parquet and `name`.csv; columns in the order in which they first appear.

    CSV holds floats in full precision (they read back equal) and leaves a missing value empty.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the folder cannot be written.
    """
    parquet, text = Path(folder) / f"{name}.parquet", Path(folder) / f"{name}.csv"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = pa.table({key: [row.get(key) for row in rows] for key in columns})
    with replacing(parquet) as part:
        pq.write_table(table, part, compression="zstd")
    write_text(text, _csv(rows, columns))
    return parquet, text


@dataclass(frozen=True)
class Column:
    """A column of a printed table.

    Attributes:
        key: the rows' key.
        heading: what stands above it, with the unit.
        form: a format specification for numbers, such as ".2f".
    """

    key: str
    heading: str
    form: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a page, its cells already text; `numeric` says which columns align right."""

    caption: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    kind: str = "table"

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], columns: Iterable[Column], caption: str) -> Table:
        """Print `rows` in the given columns; a missing value is a dash."""
        chosen = tuple(columns)
        return cls(
            caption,
            tuple(column.heading for column in chosen),
            tuple(all(_is_number(row.get(column.key)) for row in rows) for column in chosen),
            tuple(tuple(_cell(row.get(c.key), c.form) for c in chosen) for row in rows),
        )


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    buffer = io.StringIO()
    # The csv module writes floats with repr, which is the shortest text that reads back equal.
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _cell(value: Any, form: str) -> str:
    if value is None:
        return "-"
    return format(value, form) if form and _is_number(value) else str(value)
