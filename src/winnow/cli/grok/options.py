"""What all `winnow grok` commands that train have in common."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.flags import given, overrides_of
from winnow.cli.output import print_facts, print_json
from winnow.grokking.recipe import GrokRecipe, flags_of
from winnow.recipes.grokking import GROK_RECIPES, grok_recipe_named

Recipe = Annotated[str, Parameter(help=f"Where to start from: {', '.join(GROK_RECIPES)}.")]
RecipeFlags = Annotated[overrides_of(GrokRecipe) | None, Parameter(name="*")]


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Working:
    """How a study is worked on; none of it changes a result beyond rounding."""

    out: Annotated[Path | None, Parameter(help="Run folder; runs/grok-RECIPE-ID when not given.")] = None
    device: Annotated[str, Parameter(help='"cpu", "cuda", "cuda:1", or "auto".')] = "auto"
    jobs: Annotated[int, Parameter(help="Stacks trained at once, each in a process with its share of the cores.")] = 1
    stack: Annotated[int, Parameter(help="Runs trained together in a stack, at most.")] = 8
    page: Annotated[bool, Parameter(help="Draw all figures at the end; `winnow grok figures` does it later too.")] = (
        True
    )
    checkpoint_seconds: Annotated[float, Parameter(help="Time between checkpoints of a stack.")] = 60.0
    dry_run: Annotated[
        bool, Parameter(help="Print the resolved recipe, branches, folder and steps, and stop.", negative=())
    ] = False
    json: Annotated[bool, Parameter(name="--json", help="Print one JSON object on stdout.", negative=())] = False


def study(
    verb: str, recipe: str, branches: Sequence[str], flags: Any, working: Working | None, words: Sequence[str] = ()
) -> None:
    """Train the branches that are not there yet, write the page of all that are asked for, and say what was found.

    Args:
        verb: the command's last word.
        recipe: a name of `GROK_RECIPES`.
        branches: what to train.
        flags: of the recipe.
        working: how to work.
        words: the command's own flags, for the page.
    """
    from winnow.grokking.studies import Work, plan_study, run_study

    working = working or Working()
    base = grok_recipe_named(recipe)()
    chosen = dataclasses.replace(base, **given(flags))
    plan = plan_study(chosen, branches, name=recipe, out=working.out, stack=working.stack)
    if working.dry_run:
        _described(plan, working.json)
        return
    command = shlex.join(["winnow", "grok", verb, recipe, *words, *flags_of(chosen, base)])
    where, progress = place_of(working)
    result = run_study(
        plan,
        command=command,
        where=where,
        work=Work(working.device, working.checkpoint_seconds),
        progress=progress,
        told=None if progress else tell,
    )
    said(result, command, working.json, working.page)


def said(result: Any, command: str, json: bool, draw: bool = True) -> None:
    """Write the page, if it is to be drawn, and print what was found."""
    from winnow.grokking.figures import findings, summary_rows, write_study_page

    page = None
    if draw:
        tell("drawing the page")
        page = str(write_study_page(result, command))
    found = findings(result)
    if json:
        rows = summary_rows(result)
        print_json({"run": str(result.folder), "report": page, "branches": rows, "findings": found})
        return
    print("\n".join(found))
    print(f"Report: {page}" if page else f"No page was drawn: winnow grok figures {result.folder}")


def place_of(working: Working) -> tuple[Any, Any]:
    """Where stacks are trained, and who is told about steps: nobody when other processes take them."""
    from winnow.core import WinnowError
    from winnow.execution import Local
    from winnow.training import progress_for

    if working.jobs < 1 or working.stack < 1:
        raise WinnowError("WN-C01", "it must be at least 1", where="--jobs" if working.jobs < 1 else "--stack")
    if working.jobs > 1:
        return Local(jobs=working.jobs), None
    return None, progress_for(sys.stderr.isatty())


def tell(line: str) -> None:
    """A line of news on stderr."""
    print(line, file=sys.stderr, flush=True)


def _described(plan: Any, json: bool) -> None:
    from winnow.core import plain

    facts = {
        "out": str(plan.path),
        "recipe": plain(plan.recipe),
        "branches": list(plan.branches),
        "stacks": sum(map(len, plan.waves)),
        "parameters": plan.parameters,
        "examples": {"training": plan.split_sizes[0], "test": plan.split_sizes[1]},
        "splits": list(plan.splits),
        "network_steps": plan.network_steps,
        "network_steps_to_do": plan.pending(),
    }
    if json:
        print_json(facts)
        return
    recipe = facts.pop("recipe")
    print_facts({**facts, **{f"recipe.{name}": value for name, value in recipe.items()}})
