"""`winnow grok figures`: the page and figures of a study that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from winnow.cli.grok.options import said
from winnow.cli.options import AsJson


def figures(
    run: Annotated[Path, Parameter(help="A run folder of `winnow grok`.")],
    *,
    branches: Annotated[
        tuple[str, ...],
        Parameter(help="Only these; all that are done when not given.", negative=(), consume_multiple=True),
    ] = (),
    json: AsJson = False,
) -> None:
    """Draw all figures of a study again, from every branch that its folder holds."""
    from winnow.grokking.studies import read_run

    said(*read_run(run, branches or None), json)
