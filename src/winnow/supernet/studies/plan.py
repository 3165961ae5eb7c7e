"""`plan_draw`: a run resolved before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import digest, identity, plain
from winnow.data.vision import VisionSet, describe_vision
from winnow.storage.runs import SHORT_ID
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import costs_of
from winnow.supernet.studies.pipelines import TWO_IN_ONE, legs_of, pipeline_named
from winnow.supernet.studies.problem import Problem, problem_of


@dataclass(frozen=True)
class DrawPlan:
    """A run before it runs.

    Attributes:
        recipe: what to train.
        name: under which the recipe is known.
        path: the run folder.
        run_id: identity of recipe and data; of a pipeline other than two-in-one also of its name and its source.
        pipeline: how to train.
        source: the finished run that the pipeline starts from; None when it needs none.
        data: name, fingerprint, classes and images per split.
        parameters: weights of the whole supernet.
        macs: its MACs for one image.
        units: its search units.
        phases: name and updates of each.
    """

    recipe: SupernetRecipe
    name: str
    path: Path
    run_id: str
    pipeline: str
    source: Path | None
    data: dict[str, Any]
    parameters: int
    macs: int
    units: int
    phases: tuple[tuple[str, int], ...]

    @property
    def steps(self) -> int:
        """Updates in all."""
        return sum(steps for _, steps in self.phases)

    def to_plain(self) -> dict[str, Any]:
        """For `--dry-run`."""
        kept = {name: getattr(self, name) for name in ("run_id", "pipeline", "parameters", "macs", "units", "steps")}
        return {
            "folder": str(self.path),
            **kept,
            "phases": [{"name": name, "steps": steps} for name, steps in self.phases],
            "data": self.data,
            "recipe": plain(self.recipe),
        }


def plan_draw(
    recipe: SupernetRecipe,
    name: str = "supernet",
    out: Path | None = None,
    *,
    pipeline: str = TWO_IN_ONE,
    source: Path | None = None,
    source_id: str = "",
    data: VisionSet | None = None,
) -> DrawPlan:
    """Resolve a run; nothing is written or trained.

    Args:
        recipe: what to train.
        name: names the folder.
        out: the run folder; runs/supernet-NAME-ID when not given.
        pipeline: a key of `PIPELINES`, `ABLATIONS` or `ARMS`.
        source: the folder of the run that it starts from, which may be unfinished yet.
        source_id: identity of that run.
        data: the set in memory, when it is not to be loaded.

    Raises:
        WinnowError: WN-C01 for an unknown pipeline, and as `problem_of`.
    """
    problem = problem_of(recipe, data)
    way = pipeline_named(pipeline)
    run_id = _identity(recipe, problem, pipeline, source_id if way.needs else "")
    costs = costs_of(problem.dense)
    return DrawPlan(
        recipe=recipe,
        name=name,
        path=out or Path("runs") / f"supernet-{name}-{run_id[:SHORT_ID]}",
        run_id=run_id,
        pipeline=pipeline,
        source=source if way.needs else None,
        data=describe_vision(problem.data),
        parameters=costs.parameters,
        macs=costs.macs,
        units=problem.dense.units,
        phases=tuple((leg.phase.name, leg.phase.steps) for leg in legs_of(way, recipe)),
    )


def _identity(recipe: SupernetRecipe, problem: Problem, pipeline: str, source: str) -> str:
    """A run of the paper's algorithm is named by recipe and data alone."""
    own = identity(recipe, problem.data.fingerprint)
    return own if pipeline == TWO_IN_ONE else digest([own, pipeline, source])
