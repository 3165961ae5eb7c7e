"""Arrow tables of images and labels, as the Hub lays them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.columns import Columns, find_columns
from winnow.data.decode import Encoded, decode
from winnow.data.raw import RawData, RawSplit, numbered_classes

# What the Hub's data sets call their splits, by our names; the first one found counts.
SPLIT_NAMES: dict[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "val", "valid"),
    "test": ("test",),
}
_MOST_CLASSES = 1 << 16  # above it, integers without class names are ids of something else


def read_tables(tables: dict[str, pa.Table], features: dict[str, Any], where: object) -> RawData:
    """Decode one table per split.

    Raises:
        WinnowError: WN-D02 on an image that cannot be read, WN-D03 on missing columns or labels.
    """
    columns = find_columns(tables["train"].schema, features, where)
    for name, table in tables.items():
        _check_columns(name, table, columns, where)
    items = [item for name, table in tables.items() for item in _encoded(table[columns.image], name, where)]
    if not items:
        raise WinnowError("WN-D02", "it holds no image", where=where, fix="Fetch it again.")
    images = np.split(decode(items), np.cumsum([table.num_rows for table in tables.values()])[:-1])
    labels, classes = _labels({name: table[columns.label] for name, table in tables.items()}, columns, where)
    splits = zip(tables, images, labels, strict=True)
    return RawData({name: RawSplit(pixels, numbers) for name, pixels, numbers in splits}, classes)


def _check_columns(name: str, table: pa.Table, columns: Columns, where: object) -> None:
    for column in (columns.image, columns.label):
        if column not in table.schema.names:
            raise WinnowError(
                "WN-D03",
                f"the {name} split has no column {column!r}, only {', '.join(table.schema.names)}",
                where=where,
                fix="Every split wants the columns of the train split.",
            )
    if table[columns.label].null_count:
        raise WinnowError(
            "WN-D03",
            f"{table[columns.label].null_count} labels of the {name} split are missing",
            where=where,
            fix="Remove the unlabelled rows.",
        )


def _encoded(column: pa.ChunkedArray, split: str, where: object) -> list[Encoded]:
    """The column's images; those without bytes are files that the Hub's cache names by a full path."""
    items: list[Encoded] = []
    for row, cell in enumerate(value for chunk in column.chunks for value in chunk.to_pylist()):
        name = f"{where}: {split} image {row}"
        source, path = (cell or {}).get("bytes"), Path((cell or {}).get("path") or "")
        if source is None and not path.is_absolute():
            raise WinnowError("WN-D02", "an image is missing", where=name, fix="Remove the row.")
        items.append(Encoded(name, path if source is None else source))
    return items


def _labels(
    columns: dict[str, pa.ChunkedArray], found: Columns, where: object
) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Labels per split, and the class names."""
    kind = columns["train"].type
    if not pa.types.is_integer(kind):
        return _from_text(columns)
    numbers = [np.asarray(pc.cast(column, pa.int64()).to_numpy()) for column in columns.values()]
    if found.classes is not None:
        return numbers, found.classes
    largest = max(int(part.max(initial=-1)) for part in numbers)
    if largest >= _MOST_CLASSES:
        raise WinnowError(
            "WN-D03",
            f"column {found.label!r} holds {largest}, which is no class number",
            where=where,
            fix=f"Labels without names go from 0 to at most {_MOST_CLASSES - 1}.",
        )
    return numbers, numbered_classes(numbers)


def _from_text(columns: dict[str, pa.ChunkedArray]) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Labels written as text: the classes are the texts of the train split, sorted; a strange one becomes -1."""
    names = sorted(map(str, columns["train"].unique().to_pylist()))
    place = {name: number for number, name in enumerate(names)}
    numbers = [
        np.array([place.get(str(text), -1) for text in column.to_pylist()], dtype=np.int64)
        for column in columns.values()
    ]
    return numbers, tuple(names)
