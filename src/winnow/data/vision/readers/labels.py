"""One class per image, from every format that `winnow.data.load` reads; where files hold the images, of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.columns import find_columns
from winnow.data.decode import Encoded
from winnow.data.raw import RawData, check
from winnow.data.readers import READERS
from winnow.data.readers.image_folder import ImageFolderReader
from winnow.data.readers.protocol import Reader
from winnow.data.table import SPLIT_NAMES, check_columns, labels_of
from winnow.data.vision.pictures import resized, resized_arrays
from winnow.data.vision.raw import Plan, RawVision, RawVisionSplit
from winnow.data.vision.tables import Tables, cells, folder_tables, schema_of


@dataclass(frozen=True)
class ArrayReader:
    """A reader of classification sets whose images are all of one size as they are stored."""

    reader: Reader

    @property
    def name(self) -> str:
        """The format's short name."""
        return self.reader.name

    @property
    def layout(self) -> str:
        """The files that make up such a folder."""
        return self.reader.layout

    def recognises(self, folder: Path) -> bool:
        """Whether the folder holds this format."""
        return self.reader.recognises(folder)

    def files(self, folder: Path) -> list[Path]:
        """The files that it is read from."""
        return self.reader.files(folder)

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the folder, then resize."""
        return from_arrays(check(self.reader.read(folder), folder), plan.size)


class LabelledTableReader(ArrayReader):
    """Parquet in the Hub's layout, with images of any size."""

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the tables."""
        schema = schema_of(folder)
        tables = folder_tables(folder, schema.names)
        return from_labelled_tables(tables, plan)


class ClassFolderReader(ArrayReader):
    """`train/<class>/*.png`, with images of any size, as ImageNet has it."""

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the images of every split."""
        found: dict[str, list[Path]] = {}
        for path in self.reader.files(folder):
            found.setdefault(_split_of(path.relative_to(folder).parts[0]), []).append(path)
        classes = sorted({path.parent.name for path in found["train"]})
        splits: dict[str, RawVisionSplit] = {}
        for name, paths in found.items():
            labels = _labels(name, paths, classes, folder)
            images, _ = resized([Encoded(str(path), path) for path in paths], plan.size)
            splits[name] = RawVisionSplit(images, labels)
        return RawVision(splits, tuple(classes))


def from_arrays(raw: RawData, size: tuple[int, int]) -> RawVision:
    """Decoded images at another size, grey ones with three equal channels."""
    splits = {
        name: RawVisionSplit(resized_arrays(np.asarray(split.images), size), np.asarray(split.labels, np.int64))
        for name, split in raw.splits.items()
    }
    return RawVision(splits, raw.classes)


def from_labelled_tables(tables: Tables, plan: Plan) -> RawVision:
    """Decode one table per split; a test table whose labels are all -1 is not labelled, and left out.

    Raises:
        WinnowError: WN-D02 on an image that cannot be read, WN-D03 on missing columns or labels.
    """
    columns = find_columns(tables.parts["train"].schema, tables.features, tables.where)
    for name, table in tables.parts.items():
        check_columns(name, table, (columns.image,), columns.label, tables.where)
    labels, classes = labels_of(tables.parts, columns.label, columns.classes, tables.where)
    splits: dict[str, RawVisionSplit] = {}
    for (name, table), numbers in zip(tables.parts.items(), labels, strict=True):
        if name == "train" or not len(numbers) or numbers.max() >= 0:
            images, _ = resized(cells(table, columns.image, name, tables.where), plan.size)
            splits[name] = RawVisionSplit(images, numbers)
    return RawVision(splits, classes)


def _split_of(place: str) -> str:
    return next(ours for ours, names in SPLIT_NAMES.items() if place in names)


def _labels(split: str, paths: Sequence[Path], classes: list[str], folder: Path) -> NDArray[np.int64]:
    number = {name: place for place, name in enumerate(classes)}
    strange = sorted({path.parent.name for path in paths} - number.keys())
    if strange:
        raise WinnowError(
            "WN-D03",
            f"the {split} split has class {strange[0]!r}, which train has not",
            where=folder,
            fix=f"Train has the classes {', '.join(classes)}.",
        )
    return np.array([number[path.parent.name] for path in paths], dtype=np.int64)


def _for_vision(reader: Reader) -> ArrayReader:
    if isinstance(reader, ImageFolderReader):
        return ClassFolderReader(reader)
    return LabelledTableReader(reader) if reader.name == "parquet" else ArrayReader(reader)


LABEL_READERS = tuple(_for_vision(reader) for reader in READERS)
