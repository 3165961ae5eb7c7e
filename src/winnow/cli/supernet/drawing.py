"""`winnow supernet draw`: one network, searched and pruned in one training."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.output import print_json
from winnow.cli.supernet.options import (
    Recipe,
    RecipeFlags,
    Working,
    command_line,
    described,
    progress_here,
    resolved,
    tell,
    work_of,
)


def draw(
    recipe: Recipe,
    *,
    measure_every: Annotated[int, Parameter(help="Steps between measurements for curves; 0: at ends only.")] = 0,
    working: Working | None = None,
    flags: Any = None,
) -> None:
    """Draw a SuperTicket: search and prune a supernet in one training, then retrain what is left.

    The run folder holds the network in one file, its ticket without and with retraining, measurements, and a page with
    the architecture as a picture. Run the same line again after a stop or a kill: it goes on bit for bit.
    """
    from winnow.supernet.studies import Work, plan_draw, run_draw

    working = working or Working()
    chosen, words = resolved(recipe, flags)
    plan = plan_draw(chosen, recipe, working.out)
    if working.dry_run:
        described(plan.to_plain(), working.json)
        return
    command = command_line("draw", words)
    work = Work(checkpoint_seconds=work_of(working).checkpoint_seconds, measure_every=measure_every)
    result = run_draw(plan, command=command, work=work, progress=progress_here())
    page = None
    if working.page:
        from winnow.supernet.figures import write_draw_page

        tell("drawing the page")
        page = write_draw_page(result, command)
    if working.json:
        print_json({**result.to_plain(), "report": None if page is None else str(page)})
        return
    print("\n".join(lines_of(result)))
    print(f"Network: {result.folder / 'network.safetensors'}")
    print(f"Report: {page}" if page else f"Folder: {result.folder}")


def lines_of(result: Any) -> list[str]:
    """A sentence a row."""
    lines = []
    for row in result.rows:
        share = 100 * row.macs / result.dense_macs
        lines.append(
            f"{row.row}: {result.metric} {row.test[result.metric]:.4f} on test with {row.weights:,} weights "
            f"({100 * row.sparsity:.1f} % of the maskable ones pruned), {row.macs:,} MACs, {share:.1f} % of the dense "
            f"supernet's ({row.sparse_macs:,} with each layer's zeros left out), after {row.steps:,} steps"
        )
    return lines


draw.__annotations__["flags"] = RecipeFlags
