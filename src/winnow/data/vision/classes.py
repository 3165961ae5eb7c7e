"""Which id of a mask is which class, where the masks alone do not tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.data.vision.masks import IDS
from winnow.data.vision.sets import VOID

# What sets call the pixels that they leave out.
_IGNORED = {"void", "ignore", "ignored", "unlabelled", "unlabeled", "unknown"}
# Published sets whose tables do not carry their classes, by the last part of their names.
_PUBLISHED = {
    "camvid": (
        *("sky", "building", "pole", "road", "pavement", "tree"),
        *("sign", "fence", "car", "pedestrian", "bicyclist", "void"),
    ),
}


def class_table(
    feature: dict[str, Any], name: str, seen: NDArray[np.bool_], void: Sequence[int]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The class of each id, and the names of the classes.

    The names are those of the column's metadata (`names`; its `ignore_index` is ignored), else those of a published
    set of this name that has as many ids, else numbers up to the largest id of the train masks. A name such as
    "void" marks an id to ignore; the classes are the other ids, in order.

    Args:
        feature: the metadata of the column of masks.
        name: the set's name, a folder or a Hub id.
        seen: bool [256], the ids that the train masks hold.
        void: further ids to ignore.

    Returns:
        int64 [256], 255 ignored and -1 no class of this set; and the names.
    """
    largest = int(np.flatnonzero(seen[:VOID]).max(initial=-1))
    names = _told(feature) or _published(name, largest) or tuple(map(str, range(largest + 1)))
    ignored = {VOID, *void, *(number for number, title in enumerate(names) if title.lower() in _IGNORED)}
    if isinstance(told := feature.get("ignore_index"), int) and 0 <= told < IDS:
        ignored.add(told)
    kept = [number for number in range(min(len(names), VOID)) if number not in ignored]
    table = np.full(IDS, -1, dtype=np.int64)
    table[kept] = np.arange(len(kept))
    table[sorted(ignored)] = VOID
    return table, tuple(names[number] for number in kept)


def _told(feature: dict[str, Any]) -> tuple[str, ...]:
    names = feature.get("names")
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _published(name: str, largest: int) -> tuple[str, ...]:
    names = _PUBLISHED.get(name.lower().rsplit("/", 1)[-1], ())
    return names if len(names) == largest + 1 else ()
