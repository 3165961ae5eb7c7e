"""What the `winnow supernet` commands that train have in common."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.flags import given, overrides_of
from winnow.cli.output import print_facts, print_json
from winnow.core import WinnowError
from winnow.recipes.supernet import SUPERNET_RECIPES, supernet_recipe_named
from winnow.supernet.recipe import SupernetRecipe, flags_of

Recipe = Annotated[str, Parameter(help=f"Where to start from: {', '.join(SUPERNET_RECIPES)}.")]
RecipeFlags = Annotated[overrides_of(SupernetRecipe) | None, Parameter(name="*")]
Seeds = Annotated[
    tuple[int, ...], Parameter(help="One run of everything for each.", negative=(), consume_multiple=True)
]


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Working:
    """How a run is worked on; none of it changes a result."""

    out: Annotated[Path | None, Parameter(help="Run folder; runs/supernet-RECIPE-ID when not given.")] = None
    checkpoint_seconds: Annotated[float, Parameter(help="Time between checkpoints.")] = 30.0
    page: Annotated[bool, Parameter(help="Draw the figures and write the page at the end.")] = True
    dry_run: Annotated[
        bool, Parameter(help="Print the resolved recipe, folder, counts and steps, and stop.", negative=())
    ] = False
    json: Annotated[bool, Parameter(name="--json", help="Print one JSON object on stdout.", negative=())] = False


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Sharing(Working):
    """The same for a study of many runs."""

    jobs: Annotated[int, Parameter(help="Runs trained at once, each in a process with its share of the cores.")] = 1

    def place(self) -> Any:
        """Where runs are trained; None for one after another in this process.

        Raises:
            WinnowError: WN-C01.
        """
        from winnow.execution import Local

        if self.jobs < 1:
            raise WinnowError("WN-C01", "it must be at least 1", where="--jobs")
        return Local(jobs=self.jobs) if self.jobs > 1 else None


def resolved(name: str, flags: Any) -> tuple[SupernetRecipe, list[str]]:
    """The recipe with its flags, and the words that say it.

    Raises:
        WinnowError: WN-R01 and WN-R02; WN-D01 when no data are named.
    """
    base = supernet_recipe_named(name)()
    recipe = dataclasses.replace(base, **given(flags))
    if not recipe.data:
        raise WinnowError(
            "WN-D01", "no data were named", where="--data", fix="Give a folder, a Hub id, digits, or scenes."
        )
    return recipe, [name, *flags_of(recipe, base)]


def command_line(verb: str, words: Sequence[object]) -> str:
    """What a person would type."""
    return shlex.join(["winnow", "supernet", verb, *map(str, words)])


def work_of(working: Working) -> Any:
    """As `winnow.supernet.studies` takes it."""
    from winnow.supernet.studies import Work

    return Work(checkpoint_seconds=working.checkpoint_seconds)


def progress_here() -> Any:
    """Who is told about steps."""
    from winnow.training import progress_for

    return progress_for(sys.stderr.isatty())


def described(plan: Mapping[str, Any], json: bool) -> None:
    """A plan, for `--dry-run`."""
    if json:
        print_json(plan)
        return
    facts = dict(plan)
    recipe = facts.pop("recipe")
    facts["data"] = ", ".join(f"{name} {value}" for name, value in facts.get("data", {}).items() if name != "classes")
    for key in ("phases", "cells"):
        if key in facts:
            facts[key] = [f"{one['name']} ({one['steps']:,} steps)" for one in facts[key]]
    print_facts({**facts, **{f"recipe.{name}": value for name, value in recipe.items()}})


def tell(line: str) -> None:
    """A line of news on stderr."""
    print(line, file=sys.stderr, flush=True)
