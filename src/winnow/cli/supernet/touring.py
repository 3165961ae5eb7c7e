"""The tour's chapter: one small supernet, three tasks on scenes composed of digits."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow.recipes.supernet import supernet_recipe_named
from winnow.supernet.space import TASKS

if TYPE_CHECKING:
    from winnow.supernet.studies import DrawResult

_SIDE = 24
_SCENES = (500, 120)  # to train on, and to measure on
_LAYOUTS = {"classification": "image-folder", "segmentation": "cityscapes", "keypoints": "coco"}
_STEPS = {
    "height": _SIDE,
    "width": _SIDE,
    "batch": 24,
    "steps": 90,
    "retrain_steps": 30,
    "search_every": 15,
    "prune_every": 15,
    "tokens": False,
    "average": 0.95,
}


@dataclass(frozen=True)
class Drawn:
    """A network of the tour, and its page."""

    result: DrawResult
    page: Path

    def line(self) -> str:
        """What was kept, and what it can do."""
        result, last = self.result, self.result.last
        share, sparse = (100 * macs / result.dense_macs for macs in (last.macs, last.sparse_macs))
        return (
            f"{result.recipe.task} of digit scenes: {result.metric} {last.test[result.metric]:.2f} with "
            f"{last.weights:,} of {result.dense_parameters:,} weights and {share:.0f} % of the MACs "
            f"({sparse:.0f} % without zeros), after {last.steps} steps."
        )

    def told(self) -> dict[str, Any]:
        """For `--json`."""
        return {**self.result.to_plain(), "report": str(self.page)}


def drawn(folder: Path, seed: int) -> list[Drawn]:
    """Search and prune the tiny supernet for each task; about twenty seconds each on two cores."""
    return [_drawn(folder, task, seed) for task in TASKS]


def _drawn(folder: Path, task: str, seed: int) -> Drawn:
    from winnow.supernet.figures import write_draw_page
    from winnow.supernet.scenes import write_scenes
    from winnow.supernet.studies import plan_draw, run_draw
    from winnow.training import progress_for

    data = folder / f"{task}-scenes"
    if not data.is_dir():
        write_scenes(data, task, _LAYOUTS[task], train=_SCENES[0], test=_SCENES[1], size=(_SIDE, _SIDE), plain=True)
    recipe = supernet_recipe_named("scenes")(task=task, data=str(data), seed=seed, **_STEPS)
    plan = plan_draw(recipe, f"tour-{task}", folder / task)
    result = run_draw(plan, progress=progress_for(sys.stderr.isatty()))
    return Drawn(result, write_draw_page(result, "winnow tour"))
