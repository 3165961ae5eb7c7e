"""`load`: from what the user named to a data set in memory."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import torch

from winnow.core import WinnowError
from winnow.data import hub
from winnow.data.cache import decoded_once, source_key
from winnow.data.dataset import DataSet, Split
from winnow.data.digits import read_digits
from winnow.data.raw import RawData, RawSplit, check, fingerprint
from winnow.data.readers import reader_for
from winnow.data.scaling import Scaling, check_scaling, fit_scaling
from winnow.data.splits import carve_validation, with_test_split

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def load(source: str | Path, *, validation: int | float, seed: int, scaling: str = "unit") -> DataSet:
    """Load an image classification set into memory.

    Args:
        source: "digits" (scikit-learn's, embedded), a folder (Parquet in the Hub layout, IDX, CIFAR batches, or an
            image folder), or a Hub id "owner/name" when no such folder is there.
        validation: how many train images to hold out (int), or which share (float). A set that has a validation
            split of its own keeps it, and this value is not used.
        seed: draws the validation images; nothing else depends on it.
        scaling: "unit" for pixels / 255, "standard" for zero mean and unit deviation per channel of the train split.

    Raises:
        WinnowError: WN-D01 when nothing is there, WN-D02 on an unknown or broken format, WN-D03 on missing columns
            or labels out of range, WN-D04 on unequal sizes, WN-D05 on fewer than two classes, WN-D06 when no
            validation split can be carved, WN-D07 when the Hub reader's package is missing, WN-C01 on an unknown
            scaling.
    """
    check_scaling(scaling)
    name, raw, mark = _find(source)
    train, held_out = _validation(raw, validation, seed)
    scale = fit_scaling(scaling, train.images)
    return DataSet(
        name=name,
        fingerprint=mark,
        classes=raw.classes,
        train=_split(train, scale),
        validation=_split(held_out, scale),
        test=_split(raw.splits["test"], scale),
        pad_value=scale.black,
    )


def read_folder(folder: Path) -> tuple[RawData, str]:
    """A folder's decoded data, from the cache when its files are known, and its fingerprint."""
    try:
        reader = reader_for(folder)
        files = [(path.relative_to(folder).as_posix(), path) for path in reader.files(folder)]
        key = source_key(reader.name, files)
        return decoded_once(key, lambda: with_test_split(check(reader.read(folder), folder)))
    except OSError as error:
        place = error.filename or folder
        raise WinnowError("WN-D02", f"not readable: {error.strerror or error}", where=place) from error


def read_hub(identifier: str) -> tuple[RawData, str]:
    """A Hub data set's decoded data, from the cache when its files are known, and its fingerprint."""
    fetched = hub.fetch(identifier)
    files = hub.files(fetched)

    def build() -> RawData:
        return with_test_split(check(hub.read(fetched, identifier), identifier))

    if files:
        return decoded_once(source_key("hub", files), build)
    raw = build()
    return raw, fingerprint(raw)


def _find(source: str | Path) -> tuple[str, RawData, str]:
    """Name, data and fingerprint of what the user named."""
    if source == "digits":
        raw = check(read_digits(), "digits")
        return "digits", raw, fingerprint(raw)
    folder = _expanded(source)
    if folder.is_dir():
        return folder.resolve().name, *read_folder(folder)
    if isinstance(source, str) and not folder.exists() and _HUB_ID.fullmatch(source):
        return source, *read_hub(source)
    raise WinnowError(
        "WN-D01",
        "it is a file, not a folder" if folder.exists() else "there is no such folder",
        where=source,
        fix='Give "digits", the folder of a data set, or a Hub id such as "ylecun/mnist".',
    )


def _expanded(source: str | Path) -> Path:
    """The path with a leading ~ resolved: the shell leaves it alone in `--data=~/mnist`."""
    return Path(os.path.expanduser(source))  # noqa: PTH111  (unlike Path.expanduser, it never raises)


def _validation(raw: RawData, validation: int | float, seed: int) -> tuple[RawSplit, RawSplit]:
    """The train and the validation split."""
    train = raw.splits["train"]
    if "validation" in raw.splits:
        return train, raw.splits["validation"]
    kept, drawn = carve_validation(len(train.labels), validation, seed)
    return _take(train, kept), _take(train, drawn)


def _take(split: RawSplit, indices: np.ndarray) -> RawSplit:
    return RawSplit(split.images[indices], split.labels[indices])


def _split(raw: RawSplit, scale: Scaling) -> Split:
    return Split(scale.apply(raw.images), torch.from_numpy(np.array(raw.labels, dtype=np.int64)))
