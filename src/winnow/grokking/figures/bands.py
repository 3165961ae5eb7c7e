"""Curves of one branch over its seeds: the median, and the range from the lowest to the highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from winnow.grokking.studies.result import Floats, StudyResult

Curve = tuple[Floats, Floats]


@dataclass(frozen=True)
class Band:
    """One metric of several runs on the union of their steps.

    Between its own points a run is drawn straight, and after its end it holds its last value, so that the seeds in a
    median never change along the curve. A value that is not a number leaves its seed out at that step; where no seed
    has a number there is a gap.

    Attributes:
        steps, median, low, high: float64 [n].
        seeds: how many runs.
    """

    steps: Floats
    median: Floats
    low: Floats
    high: Floats
    seeds: int

    @classmethod
    def of(cls, curves: Sequence[Curve]) -> Band:
        """The band of at least one curve (steps ascending, values)."""
        grid = np.unique(np.concatenate([np.asarray(steps, dtype=np.float64) for steps, _ in curves]))
        rows = np.stack([np.interp(grid, steps, values, left=np.nan) for steps, values in curves])
        median, low, high = (np.full(len(grid), np.nan) for _ in range(3))
        there = ~np.isnan(rows).all(axis=0)
        median[there] = np.nanmedian(rows[:, there], axis=0)
        low[there] = np.nanmin(rows[:, there], axis=0)
        high[there] = np.nanmax(rows[:, there], axis=0)
        return cls(grid, median, low, high, len(curves))


def held(curve: Curve, at: Floats) -> Floats:
    """The curve's latest value at each step of `at`; not a number before its first."""
    steps, values = (np.asarray(part, dtype=np.float64) for part in curve)
    place = np.searchsorted(steps, at, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)


def curves_of(result: StudyResult, branch: str, metric: str) -> dict[int, Curve]:
    """Replicate to curve, of the finished runs of a branch that have any number of the metric."""
    found = {
        run.replicate: result.curves.get((branch, run.replicate), {}).get(metric, (np.empty(0), np.empty(0)))
        for run in result.of(branch)
    }
    return {replicate: curve for replicate, curve in found.items() if not np.isnan(curve[1]).all()}


def band(result: StudyResult, branch: str, metric: str) -> Band | None:
    """The band of a branch's metric; None when no run has it."""
    curves = list(curves_of(result, branch, metric).values())
    return Band.of(curves) if curves else None


def value_at(result: StudyResult, branch: str, metric: str, step: float) -> dict[int, float]:
    """Replicate to the latest value at a step; runs without one (or not a number) are left out."""
    grid = np.array([step], dtype=np.float64)
    found = {replicate: float(held(c, grid)[0]) for replicate, c in curves_of(result, branch, metric).items()}
    return {replicate: value for replicate, value in found.items() if not np.isnan(value)}


def last_values(result: StudyResult, branch: str, metric: str) -> dict[int, float]:
    """Replicate to the metric's last value; not a number where the run ended so."""
    return {replicate: float(values[-1]) for replicate, (_, values) in curves_of(result, branch, metric).items()}
