"""Image folders: `train/<class>/*.png`, `test/<class>/*.png`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from winnow.core import WinnowError
from winnow.data.decode import Encoded, decode
from winnow.data.raw import RawData, RawSplit
from winnow.data.table import SPLIT_NAMES

_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}


class ImageFolderReader:
    """One folder per split, in it one folder per class; classes and images in the order of their names."""

    name = "image-folder"
    layout = "train/<class>/*.png with test/<class>/ (image folder)"

    def recognises(self, folder: Path) -> bool:
        """Whether a class folder of train holds an image."""
        return bool(_images(folder / "train"))

    def files(self, folder: Path) -> list[Path]:
        """The images of every split."""
        splits = _splits(folder)
        return [path for place in splits.values() for path in _images(place)]

    def read(self, folder: Path) -> RawData:
        """Decode the images; a set without a test folder gets a test split carved from train."""
        found = {name: _images(place) for name, place in _splits(folder).items()}
        classes = sorted({path.parent.name for path in found["train"]})
        labels = [_labels(name, paths, classes, folder) for name, paths in found.items()]
        items = [Encoded(str(path), path) for paths in found.values() for path in paths]
        images = np.split(decode(items), np.cumsum([len(paths) for paths in found.values()])[:-1])
        parts = zip(found, images, labels, strict=True)
        return RawData({name: RawSplit(pixels, numbers) for name, pixels, numbers in parts}, tuple(classes))


def _splits(folder: Path) -> dict[str, Path]:
    """The folder of each split that is there."""
    return {
        ours: place
        for ours, names in SPLIT_NAMES.items()
        if (place := next((folder / name for name in names if (folder / name).is_dir()), None))
    }


def _images(split: Path) -> list[Path]:
    """The images of a split, class by class."""
    if not split.is_dir():
        return []
    classes = sorted(place for place in split.iterdir() if place.is_dir() and not _hidden(place))
    return [path for place in classes for path in sorted(place.iterdir()) if _is_image(path)]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and not _hidden(path) and path.is_file()


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _labels(split: str, paths: list[Path], classes: list[str], folder: Path) -> np.ndarray:
    place = {name: number for number, name in enumerate(classes)}
    strange = sorted({path.parent.name for path in paths} - place.keys())
    if strange:
        raise WinnowError(
            "WN-D03",
            f"the {split} split has class {strange[0]!r}, which train has not",
            where=folder,
            fix=f"Train has the classes {', '.join(classes)}.",
        )
    return np.array([place[path.parent.name] for path in paths], dtype=np.int64)
