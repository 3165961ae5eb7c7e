"""`winnow supernet transfer`: a ticket of one task as the start of another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.supernet.comparing import compared
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


def transfer(
    source: Annotated[Path, Parameter(help="A finished run of `winnow supernet draw`.")],
    recipe: Recipe,
    *,
    arms: Annotated[
        tuple[str, ...],
        Parameter(
            help="architecture, mask, weights, direct, dense-pretrained; all when not given.",
            negative=(),
            consume_multiple=True,
        ),
    ] = (),
    seeds: Seeds = (0, 1, 2),
    working: Sharing | None = None,
    flags: Any = None,
) -> None:
    """Take a ticket to another task: its architecture, its mask, or its weights, against training on the target itself.

    The head is drawn from scratch in every arm, and all arms have the same steps.
    """
    from winnow.supernet.studies import ARMS, plan_transfer
    from winnow.supernet.studies import transfer as run_transfer

    working = working or Sharing()
    chosen, words = resolved(recipe, flags)
    wanted = arms or tuple(ARMS)
    plan = plan_transfer(source, chosen, recipe, working.out, arms=wanted, seeds=seeds)
    if working.dry_run:
        described(plan.to_plain(), working.json)
        return
    command = command_line("transfer", [source, *words, "--arms", *wanted, "--seeds", *seeds])
    found = run_transfer(
        plan, command=command, where=working.place(), work=work_of(working), progress=progress_here(), told=tell
    )
    compared(found, command, working, "write_transfer_page")


transfer.__annotations__["flags"] = RecipeFlags
