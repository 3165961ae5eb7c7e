"""Arrow tables of texts and labels, as the Hub lays them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from winnow.data.columns import find_text_columns
from winnow.data.raw_text import RawText, TextSplit
from winnow.data.table import check_columns, labels_of


def read_text_tables(tables: dict[str, pa.Table], features: dict[str, Any], where: object) -> RawText:
    """Read one table per split.

    Args:
        tables: one per split, "train" among them.
        features: the Hub's description of each column, empty when there is none.
        where: names the file in an error.

    Raises:
        WinnowError: WN-D03 on missing columns or labels, WN-M02 when the tables hold images.
    """
    columns = find_text_columns(tables["train"].schema, features, where)
    for name, table in tables.items():
        check_columns(name, table, columns.texts, columns.label, where)
    labels, classes = labels_of(tables, columns.label, columns.classes, where, order=_in_order)
    texts = [_texts(table, columns.texts) for table in tables.values()]
    splits = zip(tables, texts, labels, strict=True)
    return RawText({name: TextSplit(written, numbers) for name, written, numbers in splits}, classes)


def _texts(table: pa.Table, names: Sequence[str]) -> NDArray[Any]:
    """The texts, [N] or [N, 2]; a missing one is empty."""
    columns = [["" if text is None else str(text) for text in table[name].to_pylist()] for name in names]
    whole = np.empty((table.num_rows, len(names)), dtype=object)
    for place, column in enumerate(columns):
        whole[:, place] = column
    return whole[:, 0] if len(names) == 1 else whole


def _in_order(names: Iterable[str]) -> list[str]:
    """Numbers by size, as CSV writes them, else by the alphabet."""
    found = list(names)
    return sorted(found, key=int) if all(name.isascii() and name.isdigit() for name in found) else sorted(found)
