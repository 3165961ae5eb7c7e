"""The rows of an audit as they lie in its folder. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from winnow.storage import RunFolder, read_json

Row = Mapping[str, Any]
CASES = "cases"
# Families in the order of the page; the untouched model comes first.
FAMILIES = ("baseline", "removing", "tuning", "adding", "disguising", "forging", "accusing", "compressing")


def rows_of(folder: Path | str) -> list[Row]:
    """All cases that are done, the untouched model first, then family by family.

    Raises:
        WinnowError: WN-R05 when there is no audit here, WN-S03 when a file is damaged.
    """
    run = RunFolder.open(folder)
    rows: list[Row] = [read_json(file) for file in sorted((run.path / CASES).glob("*.json"))]
    return sorted(rows, key=lambda row: (FAMILIES.index(row["family"]), row["attack"], row["strength"], row["seed"]))
