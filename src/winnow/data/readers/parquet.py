"""Parquet in the Hub's layout: `train-00000-of-00001.parquet`, `test-...`, in the folder or in its `data/`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from winnow.core import WinnowError
from winnow.data.columns import find_columns
from winnow.data.raw import RawData
from winnow.data.table import SPLIT_NAMES, read_tables

_SHARD = re.compile(r".*-(\d+)-of-(\d+)\.parquet")


class ParquetReader:
    """Tables of encoded images with a label column; columns are found by the `huggingface` metadata."""

    name = "parquet"
    layout = "train-*.parquet with test-*.parquet (Hugging Face layout, also in data/)"

    def recognises(self, folder: Path) -> bool:
        """Whether there is a train table."""
        return "train" in _shards(folder)

    def files(self, folder: Path) -> list[Path]:
        """The tables of every split."""
        return [path for paths in _shards(folder).values() for path in paths]

    def read(self, folder: Path) -> RawData:
        """Decode the tables; a set without a test table gets one carved from train."""
        shards = _shards(folder)
        for paths in shards.values():
            check_complete(paths)
        schema = opened(shards["train"][0]).schema_arrow
        features = features_of(schema)
        columns = find_columns(schema, features, shards["train"][0])
        tables = {name: read_parts(paths, [columns.image, columns.label]) for name, paths in shards.items()}
        return read_tables(tables, features, folder)


def _shards(folder: Path) -> dict[str, list[Path]]:
    """The tables of each split, in order, in the folder or else in its `data/`."""
    for place in (folder, folder / "data"):
        found = {
            ours: paths
            for ours, names in SPLIT_NAMES.items()
            if (paths := next((p for name in names if (p := sorted(place.glob(f"{name}-*.parquet")))), None))
        }
        if "train" in found:
            return found
    return {}


def check_complete(paths: list[Path]) -> None:
    """A name such as `train-00000-of-00005` tells how many parts there should be; WN-D02 when one is missing."""
    counts = [int(match[2]) for path in paths if (match := _SHARD.fullmatch(path.name))]
    if counts and len(counts) != max(counts):
        raise WinnowError(
            "WN-D02",
            f"{len(counts)} of {max(counts)} parts are there",
            where=paths[0],
            fix="Fetch the missing parts.",
        )


def opened(path: Path) -> pq.ParquetFile:
    """The file's head; WN-D02 when it cannot be read."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, error) from error


def read_parts(paths: list[Path], columns: list[str]) -> pa.Table:
    """The split's parts as one table, only the columns that are there; WN-D02 or WN-D03 when that fails."""
    parts: list[pa.Table] = []
    for path in paths:
        with opened(path) as file:
            try:
                parts.append(file.read([name for name in columns if name in file.schema_arrow.names]))
            except (pa.ArrowException, OSError) as error:
                raise _broken(path, error) from error
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        raise WinnowError("WN-D03", f"the parts of a split differ in their columns: {error}", where=paths[0]) from error


def features_of(schema: pa.Schema) -> dict[str, Any]:
    """The Hub's description of the columns; empty when the file has none."""
    try:
        written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = written.get("info", {}).get("features", {})
    except (ValueError, AttributeError):
        return {}
    return features if isinstance(features, dict) else {}


def _broken(path: Path, error: Exception) -> WinnowError:
    reason = str(error).splitlines()[0]
    return WinnowError("WN-D02", f"not readable as Parquet: {reason}", where=path, fix="Fetch it again.")
