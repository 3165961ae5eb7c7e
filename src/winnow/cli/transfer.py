"""`winnow tickets transfer`: a run's tickets on other data."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.flags import given, overrides_of
from winnow.cli.options import AsJson, Device, DryRun, Execution, Out
from winnow.cli.tickets import described, finished
from winnow.recipes import RECIPES, recipe_named
from winnow.storage import RunFolder
from winnow.tickets.recipe import FindRecipe, flags_of

_Levels = Annotated[
    tuple[int, ...],
    Parameter(help="Levels of the source; all pruned ones when not given.", negative=(), consume_multiple=True),
]


def transfer(
    source: Annotated[Path, Parameter(help="The run whose tickets are carried over.")],
    recipe: Annotated[str, Parameter(help=f"Data and training of the target: {', '.join(RECIPES)}.")],
    *,
    source_levels: _Levels = (),
    head: Annotated[str, Parameter(help='"auto": the output layer comes along if it fits; "fresh": never.')] = "auto",
    out: Out = None,
    device: Device = "auto",
    execution: Execution = "auto",
    dry_run: DryRun = False,
    json: AsJson = False,
    flags: Any = None,
) -> None:
    """Train a run's tickets, mask and start, on another data set or with another head, beside controls.

    The network is the source's. Tensors whose name or shape differ are drawn anew and stay dense. The dense baseline is
    the source's own dense start on the new data.
    """
    from winnow.tickets import prepare_transfer
    from winnow.tickets import transfer as carry_over
    from winnow.training import progress_for

    run = RunFolder.open(source)
    target = _target(run, recipe, given(flags))
    laid = prepare_transfer(target, run, levels=source_levels, head=head)
    if dry_run:
        described(laid, out or laid.prepared.default_folder, json)
        return
    words = ["winnow", "tickets", "transfer", str(source), recipe, "--head", head]
    words += ["--source-levels", *map(str, source_levels)] if source_levels else []
    command = shlex.join([*words, *flags_of(target, recipe_named(recipe)())])
    progress = progress_for(sys.stderr.isatty())
    done = carry_over(laid, run, out=out, device=device, execution=execution, progress=progress, command=command)
    finished(done, json)


# The class is made at run time from the recipe's fields, so no written annotation can name it.
transfer.__annotations__["flags"] = Annotated[overrides_of(FindRecipe) | None, Parameter(name="*")]


def _target(source: RunFolder, recipe: str, flags: dict[str, Any]) -> FindRecipe:
    """The recipe with the source's network and as many replicates, unless the user names others."""
    own = source.header()["recipe"]
    settled = {"model": own["model"], "replicates": own["replicates"], "name": f"{recipe}-transfer"}
    return dataclasses.replace(recipe_named(recipe)(), **{**settled, **flags})
