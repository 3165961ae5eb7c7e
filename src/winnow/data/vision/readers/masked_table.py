"""Parquet in the Hub's layout with a column of images and one of masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from winnow.core import WinnowError
from winnow.data.vision.classes import class_table
from winnow.data.vision.masks import Masked, Pair, classes_of, no_mask, read_pairs
from winnow.data.vision.raw import Plan, RawVision, RawVisionSplit
from winnow.data.vision.tables import (
    Tables,
    cells,
    folder_tables,
    image_columns,
    listed,
    parquet_files,
    schema_of,
    with_column,
)

_MASKS = ("mask", "masks", "segmentation_mask", "semantic_mask", "segmentation", "annotation", "label", "labels")


class MaskedTableReader:
    """`image` or `img` with `mask`: PNG of class ids, as bytes or in the Hub's struct."""

    name = "parquet-masks"
    layout = "train-*.parquet with columns image and mask (Hugging Face layout, also in data/)"

    def recognises(self, folder: Path) -> bool:
        """Whether there is a train table."""
        return bool(parquet_files(folder))

    def files(self, folder: Path) -> list[Path]:
        """The tables of every split."""
        return [path for paths in parquet_files(folder).values() for path in paths]

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the tables."""
        tables = folder_tables(folder, image_columns(schema_of(folder)))
        return from_masked_tables(tables, folder.resolve().name, plan)


def from_masked_tables(tables: Tables, name: str, plan: Plan) -> RawVision:
    """Decode one table per split; a split without any mask is not labelled, and left out.

    Raises:
        WinnowError: WN-D02 on a missing or broken image or mask, WN-D03 on missing columns or an id that is no class,
            WN-D04 when image and mask differ in size.
    """
    image, mask = _columns(tables)
    pairs = {split: _pairs(tables, split, image, mask) for split in with_column(tables, mask)}
    if not pairs["train"]:
        raise WinnowError("WN-D02", "there is no train image", where=tables.where, fix="Fetch it again.")
    read: dict[str, Masked] = {split: read_pairs(found, plan.size) for split, found in pairs.items()}
    feature = tables.features.get(mask)
    table, classes = class_table(
        feature if isinstance(feature, dict) else {},
        name,
        np.any(read["train"].seen, axis=0, keepdims=True)[0],
        plan.void,
    )
    splits = {
        split: RawVisionSplit(masked.images, classes_of(masked, table, pairs[split])) for split, masked in read.items()
    }
    return RawVision(splits, classes)


def _columns(tables: Tables) -> tuple[str, str]:
    schema = tables.parts["train"].schema
    image, *others = [*image_columns(schema), None]
    mask = next((name for name in _MASKS if name in others and name is not image), None)
    if image is None or mask is None:
        raise WinnowError(
            "WN-D03",
            f"no {'image' if image is None else 'mask'} column among {listed(schema)}",
            where=tables.where,
            fix="Segmentation wants two columns of encoded images: image, and mask with a class id per pixel.",
        )
    return image, mask


def _pairs(tables: Tables, split: str, image: str, mask: str) -> list[Pair]:
    table = tables.parts[split]
    if missing := table[mask].null_count:
        raise no_mask(f"{tables.where}: {split}", f"in {missing} of {table.num_rows} rows")
    images, masks = (cells(table, column, split, tables.where) for column in (image, mask))
    return [Pair(*pair) for pair in zip(images, masks, strict=True)]
