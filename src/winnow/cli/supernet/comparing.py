"""`winnow supernet ablate`: two-in-one training against its alternatives, at equal compute."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.output import print_json
from winnow.cli.supernet.options import (
    Recipe,
    RecipeFlags,
    Seeds,
    Sharing,
    command_line,
    described,
    progress_here,
    resolved,
    tell,
    work_of,
)


def ablate(
    recipe: Recipe,
    *,
    pipelines: Annotated[
        tuple[str, ...],
        Parameter(
            help="two-in-one, search-then-prune, prune-then-search, dense-small, random-matched, compact-magnitude, "
            "dense; or two-in-one with a switch off: no-progressive, no-reactivation, neither. All pipelines when "
            "not given.",
            negative=(),
            consume_multiple=True,
        ),
    ] = (),
    sparsities: Annotated[
        tuple[float, ...], Parameter(help="The recipe's own when not given.", negative=(), consume_multiple=True)
    ] = (),
    seeds: Seeds = (0, 1, 2),
    working: Sharing | None = None,
    flags: Any = None,
) -> None:
    """Compare pipelines at equal compute: the same steps and sparsity, seeds, intervals, paired differences.

    Every cell is a run of its own and is kept; more pipelines, sparsities and seeds of the recipe go into the same
    folder.
    """
    from winnow.supernet.studies import PIPELINES, plan_ablation
    from winnow.supernet.studies import ablate as run_ablation

    working = working or Sharing()
    chosen, words = resolved(recipe, flags)
    arms = pipelines or tuple(PIPELINES)
    plan = plan_ablation(chosen, recipe, working.out, pipelines=arms, sparsities=sparsities, seeds=seeds)
    if working.dry_run:
        described(plan.to_plain(), working.json)
        return
    own = ["--pipelines", *arms, "--sparsities", *plan.sparsities, "--seeds", *seeds]
    command = command_line("ablate", [*words, *own])
    found = run_ablation(
        plan, command=command, where=working.place(), work=work_of(working), progress=progress_here(), told=tell
    )
    compared(found, command, working, "write_ablation_page")


def compared(found: Any, command: str, working: Sharing, writer: str) -> None:
    """Write the page, if it is to be drawn, and print what was found."""
    page = None
    if working.page:
        from winnow.supernet import figures

        tell("drawing the page")
        page = getattr(figures, writer)(found, command)
    if working.json:
        print_json({**found.to_plain(), "report": None if page is None else str(page)})
        return
    print("\n".join(found.verdicts))
    for name, error in found.failed.items():
        print(f"failed: {name}: {error}")
    print(f"Report: {page}" if page else f"Folder: {found.folder}")


ablate.__annotations__["flags"] = RecipeFlags
