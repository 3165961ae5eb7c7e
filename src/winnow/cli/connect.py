"""`winnow tickets connect`: is a network stable to the order of its data?"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson, Device, Execution
from winnow.cli.output import print_json, print_table
from winnow.core import Step
from winnow.tickets.connectivity.settings import MASKS, SPLITS, ConnectSettings

if TYPE_CHECKING:
    from winnow.tickets.connectivity.plan import Plan
    from winnow.tickets.connectivity.results import Connection

_DEFAULT = ConnectSettings()


def _several(about: str) -> Parameter:
    return Parameter(help=about, negative=(), consume_multiple=True, show_default=False)


def connect(
    *runs: Annotated[Path, Parameter(help="A run folder; several are joined, each at its own rewind step.")],
    levels: Annotated[
        tuple[int, ...], _several("Levels; the dense network and the last level when not given (of several: the last).")
    ] = (),
    at: Annotated[
        tuple[str, ...],
        _several("Steps where the children part, such as 0it 2ep; the rewind step and 0, 1, 5, 20 % when not given."),
    ] = (),
    masks: Annotated[
        tuple[str, ...], _several(f"Of {', '.join(MASKS)}: whose masks; level 0 is dense.")
    ] = _DEFAULT.masks,
    children: Annotated[int, Parameter(help="Networks trained from every start; all pairs are paths.")] = 2,
    replicates: Annotated[int | None, Parameter(help="How many of the run's replicates; all when not given.")] = None,
    points: Annotated[int, Parameter(help="Networks along a path, the ends included.")] = 30,
    split: Annotated[str, Parameter(help=f"Whose error: {', '.join(SPLITS)}.")] = "test",
    batchnorm: Annotated[
        str, Parameter(help='Running statistics on a path: "recompute" on training batches, or "interpolate".')
    ] = "recompute",
    out: Annotated[Path | None, Parameter(help="Tables, figures, page; RUN/connect when not given.")] = None,
    device: Device = "auto",
    execution: Execution = "auto",
    checkpoint_seconds: Annotated[float, Parameter(help="Time between checkpoints of what trains.")] = 30.0,
    dry_run: Annotated[
        bool, Parameter(help="Print what would be measured and the steps it takes, and stop.", negative=())
    ] = False,
    json: AsJson = False,
) -> None:
    """Measure stability: error barriers between networks trained from one checkpoint under different data order.

    Linear mode connectivity, Frankle et al. 2020. Run again after a stop or a kill: what is measured is kept.
    """
    settings = ConnectSettings(
        levels=levels,
        at=tuple(Step.parse(step) for step in at),
        masks=masks,
        children=children,
        replicates=_given(replicates),
        points=points,
        split=split,
        batchnorm=batchnorm,
    )
    from winnow.tickets.connectivity.measuring import connect as measure
    from winnow.tickets.connectivity.page import write_connect_page
    from winnow.tickets.connectivity.plan import plan_connection
    from winnow.training import progress_for

    plan = plan_connection(runs, settings, out)
    if dry_run:
        _print_plan(plan, json)
        return
    progress = progress_for(sys.stderr.isatty())
    connection = measure(
        plan, device=device, progress=progress, checkpoint_seconds=checkpoint_seconds, execution=execution
    )
    page = write_connect_page(connection, shlex.join(_command(plan)))
    _print(connection, plan, page, json)


def _given(replicates: int | None) -> int:
    """All replicates are 0 to the settings, and nobody asks for none."""
    from winnow.core import WinnowError

    if replicates is not None and replicates < 1:
        raise WinnowError("WN-C01", f"{replicates} is too few", where="--replicates", fix="Give 1 or more.")
    return replicates or 0


def _command(plan: Plan) -> list[str]:
    """What measures this again."""
    words = ["winnow", "tickets", "connect", *(str(planned.run.path) for planned in plan.runs)]
    for name in ("levels", "at", "masks", "children", "replicates", "points", "split", "batchnorm"):
        value = getattr(plan.settings, name)
        if value != getattr(_DEFAULT, name):
            words += [f"--{name}", *map(str, value if isinstance(value, tuple) else (value,))]
    return words


def _print_plan(plan: Plan, json: bool) -> None:
    if json:
        print_json(plan.describe())
        return
    for planned in plan.runs:
        print(f"{planned.run.path}: {planned.replicates} replicates, {plan.settings.children} children each")
        rows = [{"level": p.level, "step": p.step, "masks": ", ".join(p.branches)} for p in planned.places]
        print_table(rows, {"level": "level", "step": "part at step", "masks": "masks"})
    print(f"{plan.network_steps:,} steps of training, less what is there already. Goes to {plan.out}.")


def _print(connection: Connection, plan: Plan, page: Path, json: bool) -> None:
    from winnow.tickets.connectivity.page import sentences

    if json:
        runs = [str(planned.run.path) for planned in plan.runs]
        result: dict[str, Any] = {"runs": runs, "out": str(connection.out), "report": str(page)}
        print_json(result | connection.as_dict() | {"findings": list(sentences(connection))})
        return
    print("\n".join(sentences(connection)))
    print(f"Report: {page}")
