"""`RawText`: a set of texts as its files hold it, and the checks that it must pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.raw import check_labels, check_variety
from winnow.data.splits import carve_test, taken


class TextSplit(NamedTuple):
    """Texts, an array of str [N] or, for pairs, [N, 2], and their labels, int64 [N]."""

    texts: NDArray[Any]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class RawText:
    """A set of texts as its files hold it.

    Args:
        splits: "train", and "validation" and "test" where the source has them.
        classes: the class names, by label.
    """

    splits: dict[str, TextSplit]
    classes: tuple[str, ...]


def checked(raw: RawText, where: object) -> RawText:
    """The same set with a test split, its own or a fixed fifth of train, once it is known to be sound.

    Raises:
        WinnowError: WN-D02 on an empty split, WN-D03 on an empty text or a label outside the classes, WN-D05 on fewer
            than two classes in train, WN-D06 when no test split can be carved.
    """
    for name, split in raw.splits.items():
        if not len(split.texts):
            fix = "Add texts, or remove the split."
            raise WinnowError("WN-D02", f"the {name} split holds no text", where=where, fix=fix)
        _check_filled(name, split.texts, where)
        check_labels(name, split.labels, len(raw.classes), where)
    train = raw.splits["train"]
    check_variety(train.labels, where)
    if "test" in raw.splits:
        return raw
    kept, test = carve_test(train.labels)
    return RawText({**raw.splits, "train": taken(train, kept), "test": taken(train, test)}, raw.classes)


def _check_filled(name: str, texts: NDArray[Any], where: object) -> None:
    empty = [row for row, text in enumerate(texts.reshape(len(texts), -1)) if not all(part.strip() for part in text)]
    if empty:
        raise WinnowError(
            "WN-D03",
            f"{len(empty)} texts of the {name} split are empty, the first in row {empty[0]} (counted from 0)",
            where=where,
            fix="Remove these rows.",
        )
