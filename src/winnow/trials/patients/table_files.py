"""CSV, JSON lines and Parquet as rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from winnow.trials.patients.files import read_bytes, read_text, refused
from winnow.trials.patients.tables import Row

_LONGEST_FIELD = 2**31 - 1


def csv_rows(path: Path) -> tuple[list[Row], list[str]]:
    """The rows of a table separated by commas, semicolons or tabs, and complaints about rows of another width.

    Raises:
        WinnowError: WN-L01 when it is no such table.
    """
    text = read_text(path)
    head = text.split("\n", 1)[0]
    limit = csv.field_size_limit(_LONGEST_FIELD)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True))
    except csv.Error as error:
        raise refused(f"no CSV: {error}", path, "Put quotes round texts, and double the quotes inside them.") from error
    finally:
        csv.field_size_limit(limit)
    names, body = lines[0], lines[1:]
    rows: list[Row] = []
    complaints: list[str] = []
    for number, line in enumerate(body, start=2):
        if not line:
            continue
        if len(line) == len(names):
            rows.append(Row(f"row {number}", dict(zip(names, line, strict=True))))
        else:
            complaints.append(f"row {number}: {len(line)} fields, not {len(names)}")
    if not rows:
        raise refused("no row can be read", path)
    return rows, complaints


def parquet_rows(path: Path) -> list[Row]:
    """The rows of a Parquet file. WinnowError WN-L01 when it is none, or has no row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = read_bytes(path)
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise refused("no Parquet file, or a damaged one", path) from error
    if not table.num_rows:
        raise refused("the table has no row", path)
    return [Row(f"row {number}", cells) for number, cells in enumerate(table.to_pylist(), start=1)]
