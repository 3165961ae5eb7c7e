"""`run_draw`: one network by one pipeline in one run folder, resumed by running again."""

from __future__ import annotations

from typing import Any

from winnow.core import plain
from winnow.data.vision import VisionSet
from winnow.storage import RunFolder
from winnow.supernet.studies.plan import DrawPlan
from winnow.supernet.studies.problem import problem_of
from winnow.supernet.studies.result import KIND, DrawResult, is_finished, read_draw
from winnow.supernet.studies.training import Work, conduct
from winnow.training import Progress


def run_draw(
    plan: DrawPlan,
    *,
    command: str = "",
    work: Work | None = None,
    progress: Progress | None = None,
    data: VisionSet | None = None,
) -> DrawResult:
    """Train, or go on where a killed run stopped, or return at once what is there.

    Args:
        plan: as `plan_draw` gives it.
        command: what a person would type to get this.
        work: device, checkpoints and measurements on the way.
        progress: who is told about steps.
        data: the set in memory, when it is not to be loaded.

    Raises:
        WinnowError: WN-R03 and WN-R04 when the folder is another run's or in use; WN-R05 when the run that it starts
            from is not finished; WN-T01 when the loss is not a number.
    """
    folder = RunFolder.create(plan.path, run_id=plan.run_id, header=_header(plan, command))
    if is_finished(plan.path):
        return read_draw(plan.path)
    with folder.locked():
        if progress:
            progress.begin(plan.steps)
        if not is_finished(plan.path):
            conduct(plan, problem_of(plan.recipe, data), work or Work(), progress)
        if progress:
            progress.end()
    return read_draw(plan.path)


def _header(plan: DrawPlan, command: str) -> dict[str, Any]:
    about = {"kind": KIND, "name": plan.name, "pipeline": plan.pipeline}
    return {**about, "recipe": plain(plan.recipe), "data": plan.data, "command": command}
