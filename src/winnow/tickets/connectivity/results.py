"""What a measurement of stability found: errors along the paths, barriers, and the onset of stability. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow import reports
from winnow.reports import Spread, short_percent
from winnow.tickets.connectivity.settings import DENSE, STABLE_BELOW, ConnectSettings

_PLACE = ("run", "level", "density_percent", "branch", "step", "replicate", "first", "second", "split")


def barrier(errors: Sequence[float]) -> float:
    """Instability: the highest error along a path, its ends included, minus the mean of its two ends.

    In the units of `errors` (Frankle et al. 2020, section 2).
    """
    return max(errors) - (errors[0] + errors[-1]) / 2


@dataclass(frozen=True)
class Series:
    """One line of the onset figure: one kind of mask at one density, over steps.

    Attributes:
        branch: "dense", "ticket" or "random".
        density_percent: percent of prunable weights that remain.
        steps: the steps k at which the children part, ascending.
        barriers: per step, percentage points over replicates and pairs.
        end_errors: per step, the mean error of a path's two ends, in percent.
    """

    branch: str
    density_percent: float
    steps: tuple[int, ...]
    barriers: tuple[Spread, ...]
    end_errors: tuple[Spread, ...]

    @property
    def label(self) -> str:
        """ "dense", or "ticket, 13.4%"."""
        return self.branch if self.branch == DENSE else f"{self.branch}, {short_percent(self.density_percent)}%"

    @property
    def onset(self) -> int | None:
        """The first step from which on the mean barrier of every measured step is below two points; None without."""
        found = None
        for step, spread in reversed(list(zip(self.steps, self.barriers, strict=True))):
            if spread.mean >= STABLE_BELOW:
                break
            found = step
        return found


@dataclass(frozen=True)
class Connection:
    """All paths that were measured.

    Attributes:
        out: the folder of tables, figures and page.
        settings: how it was measured.
        batchnorm: what was done with running statistics: "recompute", "interpolate", or "none" where there are none;
            each way once, over all runs.
        paths: a row per point of a path: run, level, density_percent, branch, step, replicate, first and second child,
            split, alpha, error_percent, loss (None where it is not finite).
        notes: what a reader should know, in sentences.
    """

    out: Path
    settings: ConnectSettings
    batchnorm: tuple[str, ...]
    paths: list[dict[str, Any]]
    notes: tuple[str, ...] = ()

    @property
    def barriers(self) -> list[dict[str, Any]]:
        """A row per path and split: barrier_points, mean_end_error_percent, and the alpha of the highest error."""
        return [_barrier_row(place, rows) for place, rows in _grouped(self.paths, _PLACE).items()]

    def series(self, split: str | None = None) -> list[Series]:
        """Barriers against steps, dense first, then by density and branch; on the settings' split if not given."""
        wanted = split or self.settings.split
        rows = [{**row, "near": round(row["density_percent"], 2)} for row in self.barriers if row["split"] == wanted]
        found = [_series(group) for group in _grouped(rows, ("branch", "near")).values()]
        return sorted(found, key=lambda line: (line.branch != DENSE, -line.density_percent, line.branch != "ticket"))

    def write_tables(self) -> None:
        """Write `tables/paths` and `tables/barriers` as CSV and Parquet."""
        reports.write_table(self.paths, self.out / "tables", "paths")
        reports.write_table(self.barriers, self.out / "tables", "barriers")

    def as_dict(self) -> dict[str, Any]:
        """Barriers and onsets on the settings' split, as plain data."""
        lines = self.series()
        return {
            "split": self.settings.split,
            "batchnorm": ", ".join(self.batchnorm),
            "stable_below_points": STABLE_BELOW,
            "barriers": [row for line in lines for row in _steps(line)],
            "onset": [
                {
                    "branch": line.branch,
                    "density_percent": line.density_percent,
                    "measured_steps": list(line.steps),
                    "stable_from_step": line.onset,
                }
                for line in lines
            ],
            "notes": list(self.notes),
        }


def _steps(line: Series) -> list[dict[str, Any]]:
    columns = zip(line.steps, line.barriers, line.end_errors, strict=True)
    return [
        {
            "branch": line.branch,
            "density_percent": line.density_percent,
            "step": step,
            "paths": len(spread.values),
            "barrier_points": {"mean": spread.mean, "min": spread.minimum, "max": spread.maximum},
            "mean_end_error_percent": ends.mean,
            "stable": spread.mean < STABLE_BELOW,
        }
        for step, spread, ends in columns
    ]


def _barrier_row(place: tuple[Any, ...], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    errors = [row["error_percent"] for row in rows]
    return {
        **dict(zip(_PLACE, place, strict=True)),
        "barrier_points": barrier(errors),
        "mean_end_error_percent": (errors[0] + errors[-1]) / 2,
        "highest_alpha": rows[errors.index(max(errors))]["alpha"],
    }


def _series(rows: Sequence[Mapping[str, Any]]) -> Series:
    steps = dict(sorted(_grouped(rows, ("step",)).items()))

    def spread(key: str) -> tuple[Spread, ...]:
        return tuple(Spread.of(row[key] for row in group) for group in steps.values())

    density = Spread.of(row["density_percent"] for row in rows).mean
    places = tuple(step for (step,) in steps)
    return Series(rows[0]["branch"], density, places, spread("barrier_points"), spread("mean_end_error_percent"))


def _grouped(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups
