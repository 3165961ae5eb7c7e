"""Metrics: one long table, written as Parquet parts and read through DuckDB."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from winnow.core import WinnowError
from winnow.storage.atomic import replacing

# Column to Arrow type. pyarrow and duckdb are loaded on first use: `winnow --help` needs neither.
COLUMNS = {
    "replicate": "int32",
    "branch": "string",
    "level": "int32",
    "step": "int64",
    "split": "string",
    "metric": "string",
    "value": "float64",
}


class Metric(NamedTuple):
    """One measured value: a row of the long table."""

    replicate: int
    branch: str
    level: int
    step: int
    split: str
    metric: str
    value: float


def write_part(folder: Path | str, name: str, rows: Iterable[Metric]) -> Path:
    """Write `rows` as the part `name` of the table in `folder`, in place of an older one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(folder) / f"{name}.parquet"
    schema = pa.schema(list(COLUMNS.items()))
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema)
    with replacing(path) as part:
        pq.write_table(table, part, compression="zstd")
    return path


def query(folder: Path | str, sql: str, parameters: Iterable[Any] = ()) -> list[dict[str, Any]]:
    """Run SQL in which `metrics` is the whole table of a folder; a row a dict.

    Raises:
        WinnowError: WN-R05 when the folder holds no part, WN-S03 when a part is damaged.
    """
    import duckdb

    # Names with a dot in front are half-written; DuckDB would read a star in a path as a pattern.
    parts = sorted(glob.escape(str(part)) for part in Path(folder).glob("[!.]*.parquet"))
    if not parts:
        raise WinnowError("WN-R05", "no metrics were written yet", where=folder)
    with duckdb.connect() as database:
        try:
            database.execute(
                "create table metrics as select * from read_parquet(?, hive_partitioning = false)", [parts]
            )
        except (duckdb.Error, RuntimeError) as error:
            raise WinnowError(
                "WN-S03",
                f"a metrics part cannot be read: {error}",
                where=folder,
                fix="Delete the part and its level's folder, then run again.",
            ) from error
        answer = database.execute(sql, list(parameters))
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
