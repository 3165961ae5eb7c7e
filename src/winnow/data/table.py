"""Arrow tables of images and labels, as the Hub lays them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.columns import find_columns
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
        check_columns(name, table, (columns.image,), columns.label, where)
    items = [item for name, table in tables.items() for item in _encoded(table[columns.image], name, where)]
    if not items:
        raise WinnowError("WN-D02", "it holds no image", where=where, fix="Fetch it again.")
    images = np.split(decode(items), np.cumsum([table.num_rows for table in tables.values()])[:-1])
    labels, classes = labels_of(tables, columns.label, columns.classes, where)
    splits = zip(tables, images, labels, strict=True)
    return RawData({name: RawSplit(pixels, numbers) for name, pixels, numbers in splits}, classes)


def check_columns(name: str, table: pa.Table, inputs: Sequence[str], label: str, where: object) -> None:
    """Make sure that a split has its columns, and no row without a label.

    Raises:
        WinnowError: WN-D03.
    """
    for column in (*inputs, label):
        if column not in table.schema.names:
            raise WinnowError(
                "WN-D03",
                f"the {name} split has no column {column!r}, only {', '.join(table.schema.names)}",
                where=where,
                fix="Every split wants the columns of the train split.",
            )
    if table[label].null_count:
        raise WinnowError(
            "WN-D03",
            f"{table[label].null_count} labels of the {name} split are missing",
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


def labels_of(
    tables: dict[str, pa.Table],
    label: str,
    classes: tuple[str, ...] | None,
    where: object,
    order: Callable[[Iterable[str]], list[str]] = sorted,
) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Labels per split, and the class names.

    Args:
        tables: one per split.
        label: the column.
        classes: names by number, where they are told.
        where: names the file in an error.
        order: of the classes whose labels are written as text.

    Raises:
        WinnowError: WN-D03 on numbers that are no classes.
    """
    columns = {name: table[label] for name, table in tables.items()}
    if not pa.types.is_integer(columns["train"].type):
        return _from_text(columns, order)
    numbers = [np.asarray(pc.cast(column, pa.int64()).to_numpy()) for column in columns.values()]
    if classes is not None:
        return numbers, classes
    largest = max(int(part.max(initial=-1)) for part in numbers)
    if largest >= _MOST_CLASSES:
        raise WinnowError(
            "WN-D03",
            f"column {label!r} holds {largest}, which is no class number",
            where=where,
            fix=f"Labels without names go from 0 to at most {_MOST_CLASSES - 1}.",
        )
    return numbers, numbered_classes(numbers)


def _from_text(
    columns: dict[str, pa.ChunkedArray], order: Callable[[Iterable[str]], list[str]]
) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Labels written as text: the classes are the texts of the train split, in order; a strange one becomes -1."""
    names = order(map(str, columns["train"].unique().to_pylist()))
    place = {name: number for number, name in enumerate(names)}
    numbers = [
        np.array([place.get(str(text), -1) for text in column.to_pylist()], dtype=np.int64)
        for column in columns.values()
    ]
    return numbers, tuple(names)
