"""`transfer`: a ticket of one task as the start of another, against training on the target itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from winnow.core import WinnowError, digest, identity
from winnow.data.vision import VisionSet
from winnow.execution import Place
from winnow.storage import RunFolder
from winnow.storage.runs import SHORT_ID
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.studies.cells import Cell, Study, cell_name, run_cells
from winnow.supernet.studies.comparison import Comparison, compared
from winnow.supernet.studies.pipelines import ARMS, DENSE, DIRECT, pipeline_named
from winnow.supernet.studies.plan import plan_draw
from winnow.supernet.studies.problem import problem_of
from winnow.supernet.studies.result import DrawResult, read_draw
from winnow.supernet.studies.training import Work
from winnow.training import Progress

KIND = "supernet-transfer"
_SOURCE_DENSE = "source-dense"


def plan_transfer(
    source: Path | str,
    recipe: SupernetRecipe,
    name: str = "supernet",
    out: Path | None = None,
    *,
    arms: Sequence[str] = tuple(ARMS),
    seeds: Sequence[int] = (0, 1, 2),
    data: VisionSet | None = None,
    source_data: VisionSet | None = None,
) -> Study:
    """Resolve a transfer; nothing is written. Direct training on the target, the reference, is always part of it.

    The head is drawn from scratch in every arm. A transferred trunk keeps its mask bit for bit; a fresh head that has
    no mask to take over ("mask" and "weights") is pruned to the recipe's sparsity after half of the steps, by the
    recipe's score, all of its layers together. All other arms prune the whole network as they train.

    Args:
        source: a finished run of two-in-one training.
        recipe: of the target; space, token path and sparsity are the source's.
        name: names the folder.
        out: the folder; runs/supernet-transfer-NAME-ID when not given.
        arms: keys of `ARMS`.
        seeds: one run each on the target.
        data: the target's set in memory, when it is not to be loaded.
        source_data: the source's, which only "dense-pretrained" asks for.

    Raises:
        WinnowError: WN-C01 for an unknown arm; WN-R02 when the recipe is of another space, token path or sparsity than
            the source, or without a seed; WN-R05 when the source is not finished; and as `plan_draw`.
    """
    given = read_draw(RunFolder.open(source).path)
    _check(given, recipe, arms, seeds)
    base = replace(recipe, seed=SupernetRecipe.seed)
    run_id = digest([KIND, identity(base, problem_of(recipe, data).data.fingerprint), given.run_id])
    path = out or Path("runs") / f"supernet-transfer-{name}-{run_id[:SHORT_ID]}"
    chosen = list(dict.fromkeys([DIRECT, *arms]))
    target = _Target(recipe, name, path, data)
    dense = _source_dense(given, name, path, source_data) if any(_needs_dense(arm) for arm in chosen) else None
    cells = [target.cell(arm, seed, dense if _needs_dense(arm) else given) for arm in chosen for seed in seeds]
    later = tuple(cell for cell in cells if _needs_dense(cell.arm))
    first = (*([dense] if dense else []), *(cell for cell in cells if not _needs_dense(cell.arm)))
    about = {"source": str(given.folder), "source_id": given.run_id}
    waves = (first, later) if later else (first,)
    return Study(KIND, name, path, run_id, recipe, waves, DIRECT, (recipe.sparsity,), about)


def transfer(
    plan: Study,
    *,
    command: str = "",
    where: Place | None = None,
    work: Work | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
    data: VisionSet | None = None,
    source_data: VisionSet | None = None,
) -> Comparison:
    """Run what is not finished, and compare; see `run_cells` for the arguments."""
    sets = {one.fingerprint: one for one in (data, source_data) if one}
    failed = run_cells(plan, command=command, where=where, work=work, progress=progress, told=told, data=sets)
    return compared(plan, failed)


@dataclass(frozen=True)
class _Target:
    recipe: SupernetRecipe
    name: str
    path: Path
    data: VisionSet | None

    def cell(self, arm: str, seed: int, source: DrawResult | Cell | None) -> Cell:
        folder, run_id = None, ""
        if isinstance(source, DrawResult):
            folder, run_id = source.folder, source.run_id
        elif source is not None:
            folder, run_id = source.plan.path, source.plan.run_id
        sparsity = self.recipe.sparsity
        plan = plan_draw(
            replace(self.recipe, seed=seed),
            self.name,
            self.path / "cells" / cell_name(arm, sparsity, seed),
            pipeline=arm,
            source=folder,
            source_id=run_id,
            data=self.data,
        )
        return Cell(arm, seed, sparsity, plan)


def _source_dense(given: DrawResult, name: str, path: Path, data: VisionSet | None) -> Cell:
    """The whole supernet trained on the source's task, as long as the source's ticket was."""
    recipe = given.recipe
    place = path / "cells" / cell_name(_SOURCE_DENSE, None, recipe.seed)
    return Cell(DENSE, recipe.seed, None, plan_draw(recipe, name, place, pipeline=DENSE, data=data), shown=False)


def _needs_dense(arm: str) -> bool:
    return pipeline_named(arm).needs == DENSE


def _check(given: DrawResult, recipe: SupernetRecipe, arms: Sequence[str], seeds: Sequence[int]) -> None:
    unknown = [arm for arm in arms if arm not in ARMS]
    if unknown:
        raise WinnowError("WN-C01", f"no arm {unknown[0]!r} of a transfer", fix=f"One of: {', '.join(ARMS)}.")
    if not seeds:
        raise WinnowError("WN-R02", "a transfer needs at least one seed", where="--seeds")
    for field in ("space", "tokens", "sparsity"):
        wanted, there = getattr(recipe, field), getattr(given.recipe, field)
        if wanted != there:
            what = f"the source has {field} {there}, the target {wanted}; arms could not be compared"
            raise WinnowError("WN-R02", what, where=f"--{field}", fix="Give the target the source's.")
