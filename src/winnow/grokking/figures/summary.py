"""The numbers of a study, a row per branch and a row per run."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

from winnow.grokking.figures.bands import last_values
from winnow.grokking.figures.panels import Quality
from winnow.grokking.figures.times import Times, cost, median_or_none
from winnow.grokking.studies.result import RunRecord, StudyResult
from winnow.reports import Column

COLUMNS = (
    Column("branch", "Branch"),
    Column("memorised", "Memorised"),
    Column("t_mem_median", "t_mem, median", ",.0f"),
    Column("generalised", "Generalised"),
    Column("t_gen_median", "t_gen, median", ",.0f"),
    Column("t_gen_min", "soonest", ",.0f"),
    Column("t_gen_max", "latest", ",.0f"),
    Column("tau_median", "tau, median", ".1f"),
    Column("final_median", "Final test, median", ".4g"),
    Column("final_min", "lowest", ".4g"),
    Column("final_max", "highest", ".4g"),
    Column("seconds_median", "Seconds a run, median", ",.1f"),
    Column("search_steps", "Steps of the search", ",.0f"),
    Column("total_median", "t_gen with the search, median", ",.0f"),
)


def summary_rows(result: StudyResult) -> list[dict[str, Any]]:
    """A row per branch, in their order.

    Medians of times are over all runs, those that never got there being later than any: where half or more never did
    there is none. `t_gen_max` is missing when some never generalised. "final" is test accuracy in percent, or test loss
    for tasks of values; `seconds_median` is of whole runs, not of those to t_gen.
    """
    return [_row(result, branch) for branch in result.branches]


def run_rows(result: StudyResult) -> list[dict[str, Any]]:
    """A row per run: its record, tau, what it cost with the search for its mask, and its last test value."""
    quality = Quality.of(result)
    last = {name: last_values(result, name, f"test_{quality.metric}") for name in result.branches}
    return [
        {
            **{key: value for key, value in dataclasses.asdict(run).items() if key != "tensors"},
            "tau": run.ratio,
            "total_steps": cost(run),
            f"final_test_{quality.metric}": last[run.branch].get(run.replicate),
        }
        for run in result.records
    ]


def times_of(result: StudyResult, branch: str) -> Times:
    """t_gen over the runs of a branch."""
    return Times.of([run.generalised for run in result.of(branch)])


def _row(result: StudyResult, branch: str) -> dict[str, Any]:
    runs = result.of(branch)
    memorised, generalised = Times.of([run.memorised for run in runs]), times_of(result, branch)
    return {
        "branch": branch,
        "runs": len(runs),
        "memorised": f"{memorised.reached} of {len(runs)}",
        "t_mem_median": memorised.median,
        "generalised": f"{generalised.reached} of {len(runs)}",
        "t_gen_median": generalised.median,
        "t_gen_min": generalised.low,
        "t_gen_max": generalised.high,
        "tau_median": Times.of([run.ratio for run in runs]).median,
        **_final(result, branch),
        "seconds_median": statistics.median([run.seconds for run in runs]),
        "search_steps": statistics.median([run.search_steps for run in runs]),
        "total_median": total(runs).median,
    }


def total(runs: Sequence[RunRecord]) -> Times:
    """Steps to generalise with those that found the mask."""
    return Times.of([cost(run) for run in runs])


def _final(result: StudyResult, branch: str) -> dict[str, float | None]:
    quality = Quality.of(result)
    values = [quality.scale * value for value in last_values(result, branch, f"test_{quality.metric}").values()]
    middle = median_or_none(values)
    found = (middle, min(values), max(values)) if middle is not None else (None, None, None)
    return dict(zip(("final_median", "final_min", "final_max"), found, strict=True))
