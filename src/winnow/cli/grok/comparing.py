"""`winnow grok compare`: accelerators of grokking side by side, each alone and with a ticket."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.flags import given
from winnow.cli.grok.options import Recipe, RecipeFlags, Working, place_of, study, tell
from winnow.cli.output import print_facts, print_json
from winnow.recipes.grokking import grok_recipe_named

_ALL = ("adamw", "adam-l2", "grokfast-ma", "grokfast-ema", "muon", "orthogonal", "stablemax", "egd", "egd-column")


def compare(
    recipe: Recipe,
    *,
    accelerators: Annotated[
        tuple[str, ...], Parameter(help=f"Of {', '.join(_ALL)}.", negative=(), consume_multiple=True)
    ] = _ALL,
    tickets: Annotated[bool, Parameter(help="Also each with a ticket.", negative=())] = False,
    tuning_seeds: Annotated[
        int, Parameter(help="Seeds, not reported, on which each one's best setting is picked; 0: the authors' own.")
    ] = 0,
    tuning_steps: Annotated[int | None, Parameter(help="Updates of a tuning run, at most.")] = None,
    working: Working | None = None,
    flags: Any = None,
) -> None:
    """Compare accelerators on one task, one split and one start a seed, against the recipe and a tuned AdamW.

    Times are told in steps, in seconds, and in total cost with any search for a mask.
    """
    working = working or Working()
    settings = list(accelerators)
    words = ["--accelerators", *accelerators, *(["--tickets"] if tickets else [])]
    if tuning_seeds:
        words += ["--tuning-seeds", str(tuning_seeds), *(["--tuning-steps", str(tuning_steps)] if tuning_steps else [])]
        found = _tuned(recipe, accelerators, flags, working, tuning_seeds, tuning_steps)
        if found is None:
            return
        settings = list(found.values())
    both = [f"ticket+{name}" for name in settings] if tickets else []
    base = ["dense", "ticket"] if tickets else ["dense"]
    study("compare", recipe, (*base, *(f"dense+{name}" for name in settings), *both), flags, working, words)


def _tuned(
    recipe: str, names: Sequence[str], flags: Any, working: Working, seeds: int, steps: int | None
) -> dict[str, str] | None:
    """The best setting of every accelerator; None after a dry run, which is printed instead."""
    from winnow.grokking.studies import Work, plan_study, plan_tuning, run_tuning

    chosen = dataclasses.replace(grok_recipe_named(recipe)(), **given(flags))
    folder = plan_study(chosen, ["dense"], name=recipe, out=working.out, stack=working.stack).path
    plan = plan_tuning(chosen, names, folder.with_name(f"{folder.name}-tuning"), seeds=seeds, steps=steps)
    if working.dry_run:
        facts = {
            "tuning": str(plan.study.path),
            "settings": len(plan.study.branches),
            "network_steps": plan.study.network_steps,
        }
        print_json(facts) if working.json else print_facts(facts)
        return None
    where, progress = place_of(working)
    work = Work(working.device, working.checkpoint_seconds)
    found = run_tuning(plan, where=where, work=work, progress=progress, told=None if progress else tell)
    tell(f"tuned on seeds that are not reported: {', '.join(found.values())}")
    return found


compare.__annotations__["flags"] = RecipeFlags
