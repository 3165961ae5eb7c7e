"""From what the user named to where it lies: a folder, or a Hub id."""

from __future__ import annotations

import os
import re
from pathlib import Path

from winnow.core import WinnowError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def place_of(source: str | Path) -> Path | None:
    """The folder that the user named; None for the id of a Hub data set, where no such folder is there.

    Raises:
        WinnowError: WN-D01 when it is neither.
    """
    folder = _expanded(source)
    if folder.is_dir():
        return folder
    if isinstance(source, str) and not folder.exists() and _HUB_ID.fullmatch(source):
        return None
    raise WinnowError(
        "WN-D01",
        "it is a file, not a folder" if folder.exists() else "there is no such folder",
        where=source,
        fix='Give "digits", the folder of a data set, or a Hub id such as "ylecun/mnist".',
    )


def _expanded(source: str | Path) -> Path:
    """The path with a leading ~ resolved: the shell leaves it alone in `--data=~/mnist`."""
    return Path(os.path.expanduser(source))  # noqa: PTH111  (unlike Path.expanduser, it never raises)
