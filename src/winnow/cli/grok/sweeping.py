"""`winnow grok sweep`: one branch at many pruning rates, extraction steps or weight decays."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.grok.options import Recipe, RecipeFlags, Working, study
from winnow.core import chosen

_OVER = {"rate": "rate", "step": "at", "weight-decay": "weight_decay", "learning-rate": "learning_rate"}


def sweep(
    recipe: Recipe,
    *,
    over: Annotated[str, Parameter(help=f"What changes: {', '.join(_OVER)}.")],
    values: Annotated[tuple[float, ...], Parameter(help="Its values.", negative=(), consume_multiple=True)],
    of: Annotated[str, Parameter(help="The branch that changes, such as ticket, ticket,wd0 or dense+muon.")] = "ticket",
    working: Working | None = None,
    flags: Any = None,
) -> None:
    """Train one branch at many values: pruning rates (figure 3), steps of the mask (figure 4a), weight decays."""
    from winnow.grokking.branches import Branch

    field = chosen(_OVER, over, "sweep", "WN-C01")
    branch = Branch.parse(of)
    whole = field == "at"
    swept = [str(dataclasses.replace(branch, **{field: int(v) if whole else v})) for v in values]
    shown = [f"{value:g}" for value in values]
    words = ["--over", over, "--of", of, "--values", *shown]
    study("sweep", recipe, ("dense", *swept), flags, working, words)


sweep.__annotations__["flags"] = RecipeFlags
