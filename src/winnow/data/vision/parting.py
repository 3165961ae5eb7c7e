"""Which samples train, which choose, and which are measured in the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError, derive_seed
from winnow.data.splits import TEST_SHARE, carve_test, carve_validation
from winnow.data.vision.raw import RawVision, RawVisionSplit

Parts = tuple[RawVisionSplit, RawVisionSplit, RawVisionSplit]


def parted(raw: RawVision, task: str, validation: int | float, seed: int) -> Parts:
    """Train, validation and test.

    The test split is the set's own; where it has none, its validation split; where it has neither, a fixed fifth of
    train, the same for every seed (by class, for labels). A validation split that is not used up that way is kept,
    else one is drawn from train, in whole groups.

    Raises:
        WinnowError: WN-D06 when there are too few samples to carve from.
    """
    splits = dict(raw.splits)
    if "test" not in splits and "validation" in splits:
        splits["test"] = splits.pop("validation")
    if "test" not in splits:
        splits["train"], splits["test"] = _test_carved(splits["train"], task)
    if "validation" not in splits:
        splits["train"], splits["validation"] = _carved(splits["train"], validation, seed)
    return splits["train"], splits["validation"], splits["test"]


def taken(split: RawVisionSplit, rows: NDArray[np.int64]) -> RawVisionSplit:
    """These rows of a split, of all its arrays."""
    return split._replace(**{name: array[rows] for name, array in split._asdict().items() if array is not None})


def _test_carved(train: RawVisionSplit, task: str) -> tuple[RawVisionSplit, RawVisionSplit]:
    if task == "classification":
        kept, drawn = carve_test(train.targets)
        return taken(train, kept), taken(train, drawn)
    return _carved(train, TEST_SHARE, derive_seed(0, "test"))


def _carved(train: RawVisionSplit, held_out: int | float, seed: int) -> tuple[RawVisionSplit, RawVisionSplit]:
    count = len(train.images)
    if train.groups is None:
        kept, drawn = carve_validation(count, held_out, seed)
        return taken(train, kept), taken(train, drawn)
    names = np.unique(train.groups)
    if not isinstance(held_out, float) and held_out >= 1:
        held_out = max(1, round(held_out * len(names) / count))
    try:
        _, drawn = carve_validation(len(names), held_out, seed)
    except WinnowError as error:
        fix = f"Its {count} samples stand in {len(names)} photographs, and one photograph is not parted."
        raise WinnowError(error.code, error.what, where=error.where, fix=fix) from error
    held = np.isin(train.groups, names[drawn])
    return taken(train, np.flatnonzero(~held)), taken(train, np.flatnonzero(held))
