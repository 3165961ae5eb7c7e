"""Picks every accelerator's best setting on seeds that no comparison reports."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from winnow.core import chosen, derive_seed
from winnow.execution import Place
from winnow.grokking.accelerators import GRIDS
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.studies.result import StudyResult
from winnow.grokking.studies.running import STACK, StudyPlan, plan_study, run_study
from winnow.grokking.studies.training import Work
from winnow.reports import write_table
from winnow.training import Progress


@dataclass(frozen=True)
class TuningPlan:
    """A tuning before it runs.

    Attributes:
        names: the accelerators.
        study: every setting of every grid on tuning seeds.
    """

    names: tuple[str, ...]
    study: StudyPlan


def plan_tuning(
    recipe: GrokRecipe, names: Sequence[str], out: Path, *, seeds: int = 2, steps: int | None = None, stack: int = STACK
) -> TuningPlan:
    """Resolve a tuning; nothing is written.

    Args:
        recipe: of the comparison; the tuning's starts and splits come from another seed that follows from its own.
        names: accelerators, keys of `winnow.grokking.accelerators.GRIDS`.
        out: the tuning's own run folder.
        seeds: tuning seeds for every setting.
        steps: updates at most; the recipe's `ticket_steps` when None.
        stack: runs trained together at most.

    Raises:
        WinnowError: WN-T03 for an accelerator without a grid.
    """
    tuning = replace(
        recipe,
        seed=derive_seed(recipe.seed, "tuning") % 2**31,
        replicates=seeds,
        ticket_steps=steps or recipe.ticket_steps,
        rest=0,
    )
    branches = [f"dense+{setting.name}" for name in names for setting in _grid(name)]
    return TuningPlan(tuple(names), plan_study(tuning, branches, name="tuning", out=out, stack=stack))


def run_tuning(
    plan: TuningPlan,
    *,
    where: Place | None = None,
    work: Work | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Train what is not done yet, write `tables/tuning.csv`, and name the best setting of every accelerator.

    Best is the smallest median of t_gen over the tuning seeds, where a seed that never generalised is later than all;
    among settings that never did, it is the first of the grid.

    Returns:
        Accelerator to setting, such as "muon" to "muon.3".
    """
    result = run_study(plan.study, where=where, work=work, progress=progress, told=told)
    times = {setting.name: _median(result, setting.name) for name in plan.names for setting in _grid(name)}
    best = {name: min((setting.name for setting in _grid(name)), key=times.__getitem__) for name in plan.names}
    rows = [_row(result, name, setting, times, best) for name in plan.names for setting in _grid(name)]
    write_table(rows, result.folder / "tables", "tuning")
    return best


def _grid(name: str) -> Sequence[Any]:
    return chosen(GRIDS, name, "accelerator with a grid", "WN-T03")


def _median(result: StudyResult, setting: str) -> float:
    """Of t_gen; infinite when half of the seeds or more never generalised."""
    times = [math.inf if run.generalised is None else run.generalised for run in result.of(f"dense+{setting}")]
    return statistics.median(times)


def _row(
    result: StudyResult, name: str, setting: Any, times: Mapping[str, float], best: Mapping[str, str]
) -> dict[str, Any]:
    runs = result.of(f"dense+{setting.name}")
    median = times[setting.name]
    return {
        "accelerator": name,
        "setting": setting.name,
        "learning_rate": setting.learning_rate,
        "weight_decay": setting.weight_decay,
        "seeds": len(runs),
        "generalised": sum(run.generalised is not None for run in runs),
        "t_gen_median": median if math.isfinite(median) else None,
        "chosen": best[name] == setting.name,
    }
