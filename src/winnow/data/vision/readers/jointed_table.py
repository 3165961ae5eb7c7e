"""Parquet in the Hub's layout with a column of images, one person each, and one of joints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.vision.bodies import body_of
from winnow.data.vision.joints import placed, scales_by_joints, sound
from winnow.data.vision.pictures import resized
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

_JOINTS = ("joints", "keypoints")


class JointedTableReader:
    """`image` or `img` with `joints`, K times x, y (pixels of the stored image) and a flag.

    The flag is 0, 1 or 2 as COCO has it; a set that knows only 0 and 1 means visible by 1. The column's metadata may
    name the joints; without names, 14 are those of Leeds Sports Pose and 17 those of COCO. No area is told: an
    object's scale is taken from the box around its joints.
    """

    name = "parquet-joints"
    layout = "train-*.parquet with columns image and joints (Hugging Face layout, also in data/)"

    def recognises(self, folder: Path) -> bool:
        """Whether there is a train table."""
        return bool(parquet_files(folder))

    def files(self, folder: Path) -> list[Path]:
        """The tables of every split."""
        return [path for paths in parquet_files(folder).values() for path in paths]

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the tables."""
        schema = schema_of(folder)
        return from_jointed_tables(folder_tables(folder, [*image_columns(schema), *_JOINTS]), plan)


def from_jointed_tables(tables: Tables, plan: Plan) -> RawVision:
    """Decode one table per split; a split without any joints is not labelled, and left out.

    Raises:
        WinnowError: WN-D02 on a missing or broken image, WN-D03 on missing columns or joints that are not [K, 3].
    """
    image, column = _columns(tables)
    parts = with_column(tables, column)
    told = {name: _joints(table, column, name, tables.where) for name, table in parts.items()}
    count = told["train"].shape[1]
    if strange := [name for name, joints in told.items() if joints.shape[1] != count]:
        raise _misshapen(tables.where, f"{strange[0]} has {told[strange[0]].shape[1]} joints and train {count}")
    binary = max(joints[..., 2].max(initial=0) for joints in told.values()) <= 1
    splits: dict[str, RawVisionSplit] = {}
    for name, table in parts.items():
        joints = told[name]
        joints[..., 2] *= 2 if binary else 1
        images, stored = resized(cells(table, image, name, tables.where), plan.size)
        scale = np.array(plan.size)[None, ::-1] / stored[:, ::-1]
        targets = placed(joints, np.zeros((len(joints), 2)), scale)
        splits[name] = RawVisionSplit(images, targets, scales_by_joints(targets))
    body = body_of(count, _names(tables.features.get(column), count))
    return RawVision(splits, body.names, body)


def _columns(tables: Tables) -> tuple[str, str]:
    schema = tables.parts["train"].schema
    image = next(iter(image_columns(schema)), None)
    joints = next((name for name in _JOINTS if name in schema.names), None)
    if image is None or joints is None:
        raise WinnowError(
            "WN-D03",
            f"no {'image' if image is None else 'joints'} column among {listed(schema)}",
            where=tables.where,
            fix="Keypoints want a column of encoded images, image, and one of K times x, y, visible: joints.",
        )
    return image, joints


def _joints(table: pa.Table, column: str, split: str, where: object) -> NDArray[np.float64]:
    """float64 [N, K, 3]."""
    if not table.num_rows:
        return np.empty((0, 1, 3))
    try:
        # Joined row by row, as the Hub's array type is no list to Arrow.
        rows = [row for chunk in table[column].chunks for row in _storage(chunk).to_pylist()]
        joints = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _misshapen(where, f"the {split} split has rows of unequal or no joints") from error
    if joints.ndim != 3 or joints.shape[2] != 3 or not joints.shape[1]:
        raise _misshapen(where, f"the {split} split has joints of shape {list(joints.shape[1:])}")
    if not sound(joints):
        raise _misshapen(
            where, f"the {split} split has joints far from any image, or whose third number is not 0, 1 or 2"
        )
    return joints


def _storage(chunk: pa.Array) -> pa.Array:
    return chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk


def _misshapen(where: object, what: str) -> WinnowError:
    return WinnowError(
        "WN-D03", what, where=where, fix="Joints are K times x, y, visible in every row: the same K everywhere."
    )


def _names(feature: Any, count: int) -> list[str] | None:
    """The names that the column's metadata carries, where there are K of them."""
    names = feature.get("names") if isinstance(feature, dict) else None
    return list(map(str, names)) if isinstance(names, list) and len(names) == count else None
