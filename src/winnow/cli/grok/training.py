"""`winnow grok run` and `winnow grok ticket`: dense networks, tickets and their controls."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.grok.options import Recipe, RecipeFlags, Working, study

_CONTROLS = ("reinit", "shuffled", "norm-l1", "norm-l2", "random")


def run(
    recipe: Recipe,
    *,
    branches: Annotated[
        tuple[str, ...],
        Parameter(
            help="Branches, such as dense, ticket@4000,k0.7 or dense+muon; what they need is trained too.",
            negative=(),
            consume_multiple=True,
        ),
    ] = ("dense",),
    working: Working | None = None,
    flags: Any = None,
) -> None:
    """Train branches of a study, all of their replicates in stacks.

    A branch is written BASE[@STEP][,kRATE][,wdDECAY][,lrRATE][+ACCELERATOR]. Run again after a stop or a kill: runs
    that are done are kept, and other branches of the same recipe go into the same folder.
    """
    study("run", recipe, branches, flags, working, ["--branches", *branches])


def ticket(
    recipe: Recipe,
    *,
    controls: Annotated[
        tuple[str, ...],
        Parameter(
            help="Trained beside the ticket: reinit, shuffled, norm-l1, norm-l2, random, snip, grasp, synflow, "
            "synflow-once, any of these with -matched, iterative, dense,wd0...; none for none.",
            negative=(),
            consume_multiple=True,
        ),
    ] = _CONTROLS,
    working: Working | None = None,
    flags: Any = None,
) -> None:
    """Find grokked tickets: train dense, keep its largest weights, rewind them to the start, train again.

    `--rate` is the share that is pruned and `--ticket-at` the step of the dense network that decides. Controls train
    beside it; the cost of the search is told with every speed-up.
    """
    chosen = tuple(name for name in controls if name != "none")
    words = ["--controls", *(chosen or ("none",))]
    study("ticket", recipe, ("dense", "ticket", *chosen), flags, working, words)


# The class is made at run time from the recipe's fields, so no written annotation can name it.
for _command in (run, ticket):
    _command.__annotations__["flags"] = RecipeFlags
