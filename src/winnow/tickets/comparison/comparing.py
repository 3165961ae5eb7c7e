"""`compare`: runs and branches side by side, in one figure, one table and one page. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.storage import RunFolder
from winnow.tickets.comparison.figures import MEASURES, Dense, Line
from winnow.tickets.comparison.labels import differences, run_labels
from winnow.tickets.comparison.page import write_comparison
from winnow.tickets.comparison.result import ComparedRun, Comparison
from winnow.tickets.comparison.warnings import warnings_of
from winnow.tickets.marks import DONE
from winnow.tickets.recipe import TICKET
from winnow.tickets.summary import series, summarise


def compare(
    runs: Sequence[RunFolder | Path | str],
    *,
    branches: Sequence[str] = (TICKET,),
    labels: Sequence[str] = (),
    metric: str = "",
    out: Path | str = "comparison",
    command: str = "",
) -> Comparison:
    """Compare runs: early-stop step, test accuracy there and after the last step, against percent of weights remaining.

    Args:
        runs: at least one run, none twice; of an unfinished one the finished levels count.
        branches: which to draw; a run without one of them is drawn with the others.
        labels: one per run, instead of what differs between the recipes.
        metric: "early-stop", "accuracy" or "end-accuracy"; all three when empty.
        out: where the figure, the table and the page go.
        command: what makes this comparison again, for its page.

    Raises:
        WinnowError: WN-A01 without runs, for a run given twice, labels that are not one per run, or a branch that no
            run has; WN-C01 for another metric; WN-R05 for a folder without a run or without a finished level.
    """
    _check(runs, labels, branches, metric)
    compared = _opened(runs, labels)
    lines = _lines(compared, branches)
    headers = [run.header for run in compared]
    comparison = Comparison(
        runs=compared,
        lines=lines,
        denses=_denses(compared),
        differences=differences(headers),
        notes=[*warnings_of(headers, [run.label for run in compared]), *_missing(compared, branches)],
        page=Path(out) / "compare.html",
    )
    write_comparison(comparison, Path(out), [metric] if metric else list(MEASURES), command)
    return comparison


def _check(runs: Sequence[Any], labels: Sequence[str], branches: Sequence[str], metric: str) -> None:
    if metric and metric not in MEASURES:
        raise WinnowError("WN-C01", f"no metric {metric!r}", where="--metric", fix=f"One of: {', '.join(MEASURES)}.")
    if not runs:
        raise WinnowError("WN-A01", "no run was given", fix="Name one or more run folders; `winnow runs` lists them.")
    if not branches:
        raise WinnowError("WN-A01", "no branch was given", where="--branches", fix="Such as ticket reinit.")
    places = [_place(run).resolve() for run in runs]
    twice = [str(_place(run)) for run, place in zip(runs, places, strict=True) if places.count(place) > 1]
    if twice:
        raise WinnowError("WN-A01", "a run was given twice", where=", ".join(dict.fromkeys(twice)))
    if labels and len(labels) != len(runs):
        told = f"{len(labels)} labels for {len(runs)} runs"
        raise WinnowError("WN-A01", told, where="--labels", fix="Give one label per run, in their order.")


def _opened(runs: Sequence[RunFolder | Path | str], labels: Sequence[str]) -> list[ComparedRun]:
    folders = [RunFolder.open(_place(run)) for run in runs]
    headers = [folder.header() for folder in folders]
    names = list(labels) or run_labels(headers, [folder.path.resolve().name for folder in folders])
    return [_read(*parts) for parts in zip(folders, headers, names, strict=True)]


def _read(folder: RunFolder, header: dict[str, Any], label: str) -> ComparedRun:
    finished = len(list(folder.path.glob(f"level-*/{DONE}")))
    summary = summarise(folder.metrics) if finished else []
    if not summary:
        raise WinnowError("WN-R05", "no level has finished", where=folder.path, fix="Run the recipe again: it resumes.")
    return ComparedRun(folder, header, label, summary, finished, header.get("recipe", {}).get("levels", 0) + 1)


def _lines(runs: Sequence[ComparedRun], branches: Sequence[str]) -> list[Line]:
    wanted = list(dict.fromkeys(branches))
    there = list(dict.fromkeys(level.branch for run in runs for level in run.summary))
    missing = [branch for branch in wanted if branch not in there]
    if missing:
        told = f"no run has a branch {', '.join(missing)}"
        raise WinnowError("WN-A01", told, where="--branches", fix=f"There are {', '.join(there)}.")
    lines = []
    for number, run in enumerate(runs):
        for column, branch in enumerate(wanted):
            levels = series(run.summary, branch)
            name = run.label if len(wanted) == 1 and branch == TICKET else f"{run.label}: {branch}"
            if levels:
                lines.append(Line(branch if len(runs) == 1 else name, number, column, levels))
    return lines


def _denses(runs: Sequence[ComparedRun]) -> list[Dense]:
    """The dense networks, each that measured the same in all replicates once."""
    found: dict[Any, Dense] = {}
    for number, run in enumerate(runs):
        for level in series(run.summary, TICKET)[:1]:
            if level.level == 0:
                measured = (level.early_stop_step, level.test_accuracy, level.final_test_accuracy)
                found.setdefault(measured, Dense(number, level))
    return list(found.values())


def _missing(runs: Sequence[ComparedRun], branches: Sequence[str]) -> list[str]:
    told = []
    for run in runs:
        if run.finished < run.wanted:
            told.append(f"{run.label}: {run.finished} of {run.wanted} levels have finished; those are shown.")
        absent = [branch for branch in dict.fromkeys(branches) if not series(run.summary, branch)]
        told += [f"{run.label}: it has no branch {', '.join(absent)}."] if absent else []
    return told


def _place(run: RunFolder | Path | str) -> Path:
    return run.path if isinstance(run, RunFolder) else Path(run)
