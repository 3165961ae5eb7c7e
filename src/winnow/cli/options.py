"""The flags that every command which runs something shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Out = Annotated[Path | None, Parameter(help="Run folder; runs/RECIPE-ID when not given.")]
Device = Annotated[str, Parameter(help='"cpu", "cuda", "cuda:1", or "auto".')]
Execution = Annotated[
    str, Parameter(help='"dense", "sparse" (on stored weights only), or "auto": the faster one here, level by level.')
]
DryRun = Annotated[
    bool, Parameter(help="Print the resolved recipe, folder, parameter and step counts, and stop.", negative=())
]
AsJson = Annotated[bool, Parameter(name="--json", help="Print one JSON object on stdout.", negative=())]
Run = Annotated[Path, Parameter(help="A run folder.")]
