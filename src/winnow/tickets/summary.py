"""What a run measured: early stop and accuracy per branch and level. No torch.

The paper is Frankle and Carbin (2019). No training is stopped early; the early-stop step is found afterwards as the
step of minimum validation loss, and accuracy is reported on the test set at that step (section 2). The test set
selects nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.reports.spread import Spread
from winnow.reports.theme import noise_amount
from winnow.storage import query

# Noise of any strength ("noise-0.5") comes after these, weakest first; then others by name.
BRANCHES = ("ticket", "reinit", "random", "shuffled", "at-init", "resampled", "signs")

# While a mask still changes the network is not yet the level's: a gradually pruned one is denser. So only evaluations
# from its last change on count. A tie in validation loss goes to the earlier step. In DuckDB nulls and NaN sort last,
# so a step whose loss overflowed is only chosen when there is no other.
_PER_REPLICATE = """
with measured as (
    select branch, level, replicate, step,
        max(value) filter (split = 'validation' and metric = 'loss') as validation_loss,
        max(value) filter (split = 'validation' and metric = 'accuracy') as validation_accuracy,
        max(value) filter (split = 'test' and metric = 'accuracy') as test_accuracy,
        max(value) filter (split = 'train' and metric = 'accuracy') as train_accuracy
    from metrics where branch <> 'trunk' group by all
), settled as (
    select branch, level, replicate, max(step) as settled from metrics
    where split = 'mask' and metric = 'density_now' group by all
), evaluated as (
    select m.* from measured m left join settled using (branch, level, replicate)
    where validation_loss is not null and test_accuracy is not null and step >= coalesce(settled, 0)
), stopped as (
    select * from evaluated
    qualify row_number() over (partition by branch, level, replicate order by validation_loss, step) = 1
), finished as (
    select branch, level, replicate, max(step) as final_step, arg_max(test_accuracy, step) as final_test
    from evaluated group by all
), trained as (
    select branch, level, replicate, arg_max(train_accuracy, step) as final_train from measured group by all
), kept as (
    select branch, level, avg(value) as density from metrics
    where split = 'mask' and metric = 'density' group by all
)
select s.branch, s.level, s.step, s.test_accuracy, s.validation_accuracy,
    f.final_step, f.final_test, t.final_train, coalesce(own.density, ticket.density) as density
from stopped s
join finished f using (branch, level, replicate)
join trained t using (branch, level, replicate)
left join kept own on own.branch = s.branch and own.level = s.level
left join kept ticket on ticket.branch = 'ticket' and ticket.level = s.level
order by s.branch, s.level, s.replicate
"""

_LAYERS = """
select level, substr(metric, 9) as layer, 100 * avg(value) as density_percent from metrics
where branch = 'ticket' and split = 'mask' and starts_with(metric, 'density/') group by all
"""


@dataclass(frozen=True)
class LevelSummary:
    """One branch at one level, over its replicates.

    Attributes:
        branch: "ticket" (level 0 is the dense network), or a control.
        density_percent: percent of prunable weights that remain, mean over replicates.
        replicates: how many were trained; with several draws of a control, replicates times draws.
        early_stop_step: the first step of minimum validation loss, in optimizer steps.
        test_accuracy: a fraction, at the early-stop step.
        validation_accuracy: a fraction, at the early-stop step.
        final_test_accuracy: a fraction, at the last evaluation.
        final_train_accuracy: a fraction, the last training mean; not a number when none was recorded.
        final_step: the last evaluated step.
    """

    branch: str
    level: int
    density_percent: float
    replicates: int
    early_stop_step: Spread
    test_accuracy: Spread
    validation_accuracy: Spread
    final_test_accuracy: Spread
    final_train_accuracy: Spread
    final_step: int


def summarise(metrics_folder: Path | str) -> list[LevelSummary]:
    """Every branch and level that was evaluated: the ticket, then controls in the order of `BRANCHES`; then by level.

    Raises:
        WinnowError: WN-R05 when no metrics were written, WN-S03 when a part is damaged or a density is missing.
    """
    rows = query(metrics_folder, _PER_REPLICATE)
    groups = groupby(rows, key=lambda row: (row["branch"], row["level"]))
    levels = [_level(list(group), metrics_folder) for _, group in groups]
    return sorted(levels, key=lambda level: (branch_rank(level.branch), level.level))


def layer_densities(metrics_folder: Path | str) -> list[dict[str, Any]]:
    """Rows of level, layer and density_percent (the ticket's, mean over replicates), by level, then layer.

    Layers sort by name with numbers as numbers (conv2 before conv10), which is their order in most networks.

    Raises:
        WinnowError: WN-R05 when no metrics were written, WN-S03 when a part is damaged.
    """
    return sorted(query(metrics_folder, _LAYERS), key=lambda row: (row["level"], _natural(row["layer"])))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def series(summary: Sequence[LevelSummary], branch: str) -> list[LevelSummary]:
    """The levels of one branch, in order."""
    return [level for level in summary if level.branch == branch]


def as_rows(summary: Sequence[LevelSummary]) -> list[dict[str, Any]]:
    """Flat rows for CSV and JSON: accuracies and density in percent; what is not a number is None."""
    return [_row(level) for level in summary]


def branch_rank(branch: str) -> tuple[int, float, str]:
    """A key that sorts branches: `BRANCHES`, then noise by its strength, then others by name."""
    if branch in BRANCHES:
        return BRANCHES.index(branch), 0, branch
    amount = noise_amount(branch)
    return (len(BRANCHES), amount, branch) if amount is not None else (len(BRANCHES) + 1, 0, branch)


def _level(rows: list[dict[str, Any]], folder: Path | str) -> LevelSummary:
    first = rows[0]
    if first["density"] is None:
        raise WinnowError(
            "WN-S03",
            f"no density was recorded for branch {first['branch']}, level {first['level']}",
            where=folder,
            fix="Delete the level's part and folder, then run again.",
        )

    def spread(key: str) -> Spread:
        return Spread.of(math.nan if row[key] is None else row[key] for row in rows)

    return LevelSummary(
        branch=first["branch"],
        level=first["level"],
        density_percent=100 * first["density"],
        replicates=len(rows),
        early_stop_step=spread("step"),
        test_accuracy=spread("test_accuracy"),
        validation_accuracy=spread("validation_accuracy"),
        final_test_accuracy=spread("final_test"),
        final_train_accuracy=spread("final_train"),
        final_step=max(row["final_step"] for row in rows),
    )


def _row(level: LevelSummary) -> dict[str, Any]:
    row: dict[str, Any] = {
        "branch": level.branch,
        "level": level.level,
        "density_percent": level.density_percent,
        "replicates": level.replicates,
        "final_step": level.final_step,
    }
    row |= level.early_stop_step.columns("early_stop_step")
    for name in ("test_accuracy", "validation_accuracy", "final_test_accuracy", "final_train_accuracy"):
        row |= getattr(level, name).columns(f"{name}_percent", scale=100)
    return row
