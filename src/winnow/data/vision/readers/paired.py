"""What the readers of image and mask pairs share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.data.vision.masks import Pair, classes_of, read_pairs
from winnow.data.vision.raw import RawVision, RawVisionSplit
from winnow.data.vision.sets import VOID


def read_paired(
    pairs: dict[str, list[Pair]],
    size: tuple[int, int],
    table: NDArray[np.int64],
    classes: tuple[str, ...],
    where: object,
) -> RawVision:
    """Decode the pairs of every split.

    Args:
        pairs: by split.
        size: height and width.
        table: int64 [256], the class of each id; 255 ignored, -1 wrong.
        classes: their names.
        where: names the set in an error.

    Raises:
        WinnowError: WN-D02 when train has no pair or a file cannot be read, WN-D03 on an id that is no class,
            WN-D04 when image and mask differ in size.
    """
    if not pairs.get("train"):
        raise WinnowError("WN-D02", "there is no train image", where=where, fix="Unpack the whole set.")
    splits: dict[str, RawVisionSplit] = {}
    for name, found in pairs.items():
        masked = read_pairs(found, size)
        splits[name] = RawVisionSplit(masked.images, classes_of(masked, table, found))
    return RawVision(splits, classes)


def class_list(path: Path) -> tuple[str, ...]:
    """The class names of a list, one a line, the last of tab-separated fields; none when there is no such file.

    A first line that names columns (it begins with "Idx") is no class.

    Raises:
        WinnowError: WN-D02 when it is no text, WN-D03 when it lists nothing or too much.
    """
    if not path.is_file():
        return ()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        fix = "One class a line, in UTF-8."
        raise WinnowError("WN-D02", "the list of classes is no text", where=path, fix=fix) from error
    names = [line.split("\t")[-1].strip() for line in lines if line and not line.startswith("Idx")]
    if not 1 <= len(names) <= VOID:
        fix = f"One class a line, at most {VOID}."
        raise WinnowError("WN-D03", f"the list holds {len(names)} classes", where=path, fix=fix)
    return tuple(names)
