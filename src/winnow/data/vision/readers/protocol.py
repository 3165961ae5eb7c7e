"""What a reader of one format of a vision set is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from winnow.data.vision.raw import Plan, RawVision


class VisionReader(Protocol):
    """Reads the folders of one format.

    `name` enters the cache key; `layout` tells a user what such a folder looks like.
    """

    @property
    def name(self) -> str:
        """The format's short name."""
        ...

    @property
    def layout(self) -> str:
        """The files that make up such a folder, in a few words."""
        ...

    def recognises(self, folder: Path) -> bool:
        """Whether the folder holds this format, told by its names alone."""
        ...

    def files(self, folder: Path) -> list[Path]:
        """The files that `read` takes its content from."""
        ...

    def read(self, folder: Path, plan: Plan) -> RawVision:
        """Decode the folder at the size of the plan.

        Raises:
            WinnowError: WN-D02 to WN-D05, with the file at fault.
        """
        ...
