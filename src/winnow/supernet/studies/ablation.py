"""`ablate`: pipelines by sparsities by seeds, compared with two-in-one training at equal compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from winnow.core import WinnowError, digest, identity
from winnow.data.vision import VisionSet
from winnow.execution import Place
from winnow.storage.runs import SHORT_ID
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.studies.cells import Cell, Study, cell_name, run_cells
from winnow.supernet.studies.comparison import Comparison, compared
from winnow.supernet.studies.pipelines import ABLATIONS, DENSE, PIPELINES, TWO_IN_ONE, pipeline_named
from winnow.supernet.studies.plan import plan_draw
from winnow.supernet.studies.problem import problem_of
from winnow.supernet.studies.training import Work
from winnow.training import Progress

KIND = "supernet-ablation"


def plan_ablation(
    recipe: SupernetRecipe,
    name: str = "supernet",
    out: Path | None = None,
    *,
    pipelines: Sequence[str] = tuple(PIPELINES),
    sparsities: Sequence[float] = (),
    seeds: Sequence[int] = (0, 1, 2),
    data: VisionSet | None = None,
) -> Study:
    """Resolve an ablation; nothing is written. Two-in-one, the reference, is always part of it.

    Args:
        recipe: of all cells, but for their seed and sparsity.
        name: names the folder.
        out: the folder; runs/supernet-ablation-NAME-ID when not given.
        pipelines: keys of `PIPELINES` and `ABLATIONS`.
        sparsities: the recipe's own when not given.
        seeds: one run each.
        data: the set in memory, when it is not to be loaded.

    Raises:
        WinnowError: WN-C01 for an unknown pipeline, WN-R02 without a seed, and as `plan_draw`.
    """
    unknown = [one for one in pipelines if one not in PIPELINES and one not in ABLATIONS]
    if unknown:
        known = ", ".join([*PIPELINES, *ABLATIONS])
        raise WinnowError("WN-C01", f"no pipeline {unknown[0]!r} of an ablation", fix=f"One of: {known}.")
    if not seeds:
        raise WinnowError("WN-R02", "an ablation needs at least one seed", where="--seeds")
    base = replace(recipe, seed=SupernetRecipe.seed, sparsity=SupernetRecipe.sparsity)
    run_id = digest([KIND, identity(base, problem_of(recipe, data).data.fingerprint)])
    path = out or Path("runs") / f"supernet-ablation-{name}-{run_id[:SHORT_ID]}"
    arms, points = _closed(pipelines), tuple(dict.fromkeys(sparsities or (recipe.sparsity,)))
    chosen = tuple(dict.fromkeys(seeds))
    cells = [
        _cell(replace(recipe, seed=seed), arm, sparsity, name, path, data)
        for arm in arms
        for sparsity in (points if arm != DENSE else (None,))
        for seed in chosen
    ]
    first, later = ([c for c in cells if bool(pipeline_named(c.arm).needs) is later] for later in (False, True))
    waves = tuple(tuple(wave) for wave in (first, later) if wave)
    return Study(KIND, name, path, run_id, recipe, waves, TWO_IN_ONE, points)


def ablate(
    plan: Study,
    *,
    command: str = "",
    where: Place | None = None,
    work: Work | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
    data: VisionSet | None = None,
) -> Comparison:
    """Run what is not finished, and compare; see `run_cells` for the arguments.

    More pipelines, sparsities and seeds of the same recipe go into the same folder.
    """
    sets = {data.fingerprint: data} if data else {}
    failed = run_cells(plan, command=command, where=where, work=work, progress=progress, told=told, data=sets)
    return compared(plan, failed)


def _closed(pipelines: Sequence[str]) -> list[str]:
    """The reference first, then what was asked for."""
    return list(dict.fromkeys([TWO_IN_ONE, *pipelines]))


def _cell(
    recipe: SupernetRecipe, arm: str, sparsity: float | None, name: str, path: Path, data: VisionSet | None
) -> Cell:
    """A dense supernet has no sparsity, and one run of it a seed stands beside all."""
    own = recipe if sparsity is None else replace(recipe, sparsity=sparsity)
    source, source_id = None, ""
    if pipeline_named(arm).needs:
        source = path / "cells" / cell_name(TWO_IN_ONE, sparsity, recipe.seed)
        source_id = plan_draw(own, name, source, data=data).run_id
    place = path / "cells" / cell_name(arm, sparsity, recipe.seed)
    plan = plan_draw(own, name, place, pipeline=arm, source=source, source_id=source_id, data=data)
    return Cell(arm, recipe.seed, sparsity, plan)
