"""Which images belong to which split: the seeded validation split and the fixed test split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from winnow.core import WinnowError, derive_seed
from winnow.data.raw import RawData

TEST_SHARE = 0.2
Indices = NDArray[np.int64]
SplitT = TypeVar("SplitT", bound=tuple[Any, ...])


def carve_validation(count: int, validation: int | float, seed: int) -> tuple[Indices, Indices]:
    """Draw the validation images out of `count` train images.

    Args:
        count: images in the train split.
        validation: how many to draw (int), or which share of them (float between 0 and 1).
        seed: the draw follows from `derive_seed(seed, "validation")`.

    Returns:
        The indices that stay in train and those of validation, each ascending.

    Raises:
        WinnowError: WN-D06 when no image would be drawn, or none would stay.
    """
    wanted = _wanted(count, validation)
    generator = torch.Generator().manual_seed(derive_seed(seed, "validation"))
    drawn = np.zeros(count, dtype=bool)
    drawn[torch.randperm(count, generator=generator)[:wanted].numpy()] = True
    return np.flatnonzero(~drawn), np.flatnonzero(drawn)


def with_validation(splits: Mapping[str, SplitT], validation: int | float, seed: int) -> tuple[SplitT, SplitT]:
    """The train and the validation split: its own, or one carved from train, see `carve_validation`."""
    train = splits["train"]
    if "validation" in splits:
        return train, splits["validation"]
    kept, drawn = carve_validation(len(train[-1]), validation, seed)
    return taken(train, kept), taken(train, drawn)


def with_test_split(raw: RawData, count: int | None = None) -> RawData:
    """The same data with a test split: its own, or a fixed one carved from train (a fifth unless `count` is given).

    The carved split is stratified and depends on the labels alone: every run on the data set has the same one.

    Raises:
        WinnowError: WN-D06 when there are too few images to carve from.
    """
    if "test" in raw.splits:
        return raw
    train = raw.splits["train"]
    kept, test = carve_test(train.labels, count)
    return RawData({**raw.splits, "train": taken(train, kept), "test": taken(train, test)}, raw.classes)


def carve_test(labels: NDArray[np.int64], count: int | None = None) -> tuple[Indices, Indices]:
    """The indices that stay in train and those of the fixed test split; see `with_test_split`."""
    test = stratified(labels, max(1, round(TEST_SHARE * len(labels))) if count is None else count)
    return np.delete(np.arange(len(labels)), test), test


def taken(split: SplitT, indices: Indices) -> SplitT:
    """These rows of a split, of all its arrays."""
    return type(split)(*(array[indices] for array in split))


def stratified(labels: NDArray[np.int64], count: int) -> Indices:
    """Indices (ascending) of `count` images, shared among the classes by size; each class keeps at least one.

    Places left over after rounding down go to the largest remainders, the lower class first on a tie.
    """
    sizes = np.bincount(labels)
    quota = count * sizes / max(1, len(labels))
    taken = np.floor(quota).astype(np.int64)
    order = np.argsort(taken - quota, kind="stable")
    taken[order[: count - int(taken.sum())]] += 1
    taken = np.minimum(taken, np.maximum(sizes - 1, 0))
    if not taken.sum():
        raise WinnowError(
            "WN-D06",
            f"there is no test split, and {len(labels)} train examples are too few to carve one",
            fix="Add a test split, or more examples per class.",
        )
    return np.sort(np.concatenate([_members(labels, c)[:n] for c, n in enumerate(taken)]))


def _members(labels: NDArray[np.int64], label: int) -> Indices:
    """The images of one class, in a fixed shuffled order."""
    members = np.flatnonzero(labels == label)
    generator = torch.Generator().manual_seed(derive_seed(0, "test", label))
    return members[torch.randperm(len(members), generator=generator).numpy()]


def _wanted(count: int, validation: int | float) -> int:
    share = isinstance(validation, float)
    wanted = round(validation * count) if share and 0 < validation < 1 else 0
    wanted = wanted if share else int(validation)
    if not 1 <= wanted < count:
        raise WinnowError(
            "WN-D06",
            f"{validation} validation examples cannot be taken from {count} train examples",
            fix=f"Give a count from 1 to {count - 1}, or a share such as 0.1.",
        )
    return wanted
