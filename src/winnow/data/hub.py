"""Data sets of the Hugging Face Hub, through the optional `datasets` package."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.data.raw import RawData
from winnow.data.raw_text import RawText
from winnow.data.table import SPLIT_NAMES, read_tables
from winnow.data.text_table import read_text_tables

# The package is optional, so its types are not named here: `fetched` is a `datasets.DatasetDict`.


def fetch(identifier: str, **options: Any) -> dict[str, Any]:
    """The splits of a Hub data set by our names, downloaded or from the Hub's own cache.

    Args:
        identifier: "owner/name", or a local folder that `load_dataset` takes.
        options: handed to `load_dataset` (`cache_dir`, `revision`).

    Raises:
        WinnowError: WN-D07 without the `datasets` package, WN-D01 when the set cannot be had, WN-D02 when it has no
            train split.
    """
    package = _package(identifier)
    try:
        found = package.load_dataset(identifier, **options)
    except Exception as error:  # the Hub answers with a dozen kinds of error
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WinnowError(
            "WN-D01",
            f"no folder of this name is here, and the Hub did not give it: {reason}",
            where=identifier,
            fix="Check the id and the connection, or download the set and give its folder.",
        ) from error
    splits = {ours: found[name] for ours, names in SPLIT_NAMES.items() for name in names if name in found}
    if "train" not in splits:
        raise WinnowError(
            "WN-D02",
            f"there is no train split; it has {', '.join(map(str, found)) or 'none'}",
            where=identifier,
            fix='Choose a set with a split named "train".',
        )
    return splits


def files(fetched: dict[str, Any]) -> list[tuple[str, Path]]:
    """Name and place of the files behind the splits; none when they live in memory."""
    places = [(split, entry["filename"]) for split, data in fetched.items() for entry in data.cache_files]
    return [(f"{split}/{number}", Path(place)) for number, (split, place) in enumerate(places)]


def read(fetched: dict[str, Any], where: str) -> RawData:
    """Decode the splits; the image and the label column are found by their features."""
    return read_tables(_tables(fetched), fetched["train"].features.to_dict(), where)


def read_texts(fetched: dict[str, Any], where: str) -> RawText:
    """The splits of a set of texts."""
    return read_text_tables(_tables(fetched), fetched["train"].features.to_dict(), where)


def _tables(fetched: dict[str, Any]) -> dict[str, Any]:
    return {name: data.with_format("arrow")[:] for name, data in fetched.items()}


def _package(identifier: str) -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError as error:
        raise WinnowError(
            "WN-D07",
            "no folder of this name is here, and reading it from the Hub needs the package `datasets`",
            where=identifier,
            fix='pip install "winnow-lab[hub]"',
        ) from error
