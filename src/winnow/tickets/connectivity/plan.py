"""What `connect` will measure: runs, levels, steps and masks, resolved before anything is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError, identity, plain
from winnow.data import BatchOrder
from winnow.storage import RunFolder
from winnow.storage.runs import SHORT_ID
from winnow.tickets.connectivity.paths import has_statistics
from winnow.tickets.connectivity.settings import DENSE, ConnectSettings
from winnow.tickets.preparation import prepare
from winnow.tickets.prepared import Prepared
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.show import finished_levels

FOLDER = "connect"
_FRACTIONS = (0.0, 0.01, 0.05, 0.2)  # of training; where stability sets in is early in every network of the paper


@dataclass(frozen=True)
class Place:
    """Where children part: one level of a run at one step; with the masks that are measured there."""

    level: int
    step: int
    branches: tuple[str, ...]


@dataclass(frozen=True)
class PlannedRun:
    """One run with the places that are measured on it."""

    run: RunFolder
    prepared: Prepared
    places: tuple[Place, ...]
    replicates: int

    @property
    def folder(self) -> Path:
        """Where measurements, children and the trunk's weights are kept."""
        return self.run.path / FOLDER

    @property
    def trunk_steps(self) -> list[int]:
        """The steps that no file of the run holds: neither the initialisation nor the rewind step."""
        return sorted({place.step for place in self.places} - {0, self.prepared.rewind_step})


@dataclass(frozen=True)
class Plan:
    """All runs, with the settings and the folder of tables, figures and page."""

    runs: tuple[PlannedRun, ...]
    settings: ConnectSettings
    out: Path

    @property
    def network_steps(self) -> int:
        """Optimizer steps of all networks together, if nothing was done before."""
        return sum(self._steps_of(planned) for planned in self.runs)

    def describe(self) -> dict[str, Any]:
        """What would be measured, as plain data."""
        return {
            "out": str(self.out),
            "settings": plain(self.settings),
            "network_steps": self.network_steps,
            "runs": [
                {
                    "run": str(planned.run.path),
                    "replicates": planned.replicates,
                    "places": [dataclasses.asdict(place) for place in planned.places],
                }
                for planned in self.runs
            ],
        }

    def _steps_of(self, planned: PlannedRun) -> int:
        end = planned.prepared.plan.steps
        children = self.settings.children * planned.replicates
        trunk = planned.prepared.recipe.replicates * max(planned.trunk_steps, default=0)
        return trunk + sum(len(place.branches) * children * (end - place.step) for place in planned.places)


def plan_connection(
    runs: RunFolder | Path | str | Sequence[RunFolder | Path | str],
    settings: ConnectSettings | None = None,
    out: Path | str | None = None,
) -> Plan:
    """Resolve runs and settings; nothing is written or trained.

    Args:
        runs: one run folder, or several to be joined in one figure.
        settings: how to measure.
        out: `RUN/connect` when not given; for several runs a folder beside the first, named after all of them.

    Raises:
        WinnowError: WN-R05 without a run, WN-R03 when the data is not what the run was made with, WN-R06 when a level,
            replicate or step is not there.
    """
    settings = settings or ConnectSettings()
    given = [runs] if isinstance(runs, RunFolder | Path | str) else list(runs)
    opened = {run.path.resolve(): run for run in (_opened(run) for run in given)}
    if not opened:
        raise WinnowError("WN-R05", "no run was named", fix="`winnow runs` lists the runs.")
    planned = tuple(_planned(run, settings, alone=len(opened) == 1) for run in opened.values())
    return Plan(planned, settings, Path(out) if out else _default_out(planned, settings))


def statistics_of(planned: PlannedRun, settings: ConnectSettings) -> str:
    """What is done with running statistics: as the settings say, or "none" where there are none."""
    return settings.batchnorm if has_statistics(planned.prepared.model.build(0)) else "none"


def _opened(run: RunFolder | Path | str) -> RunFolder:
    return run if isinstance(run, RunFolder) else RunFolder.open(run)


def _planned(run: RunFolder, settings: ConnectSettings, *, alone: bool) -> PlannedRun:
    prepared = prepared_of(run)
    done = finished_levels(run)
    if not done:
        raise WinnowError("WN-R05", "no level has finished", where=run.path, fix="Run the recipe again: it resumes.")
    levels = settings.levels or ((0, done[-1]) if alone else (done[-1],))
    for level in levels:
        if level not in done:
            raise WinnowError("WN-R06", f"no finished level {level}", where=run.path, fix=f"From 0 to {done[-1]}.")
    replicates = settings.replicates or prepared.recipe.replicates
    if replicates > prepared.recipe.replicates:
        there = prepared.recipe.replicates
        raise WinnowError("WN-R06", f"the run has {there} replicates, not {replicates}", where=run.path)
    places = [
        Place(level, step, settings.masks if level else (DENSE,))
        for level in sorted(set(levels))
        for step in _steps(prepared, settings, alone)
    ]
    return PlannedRun(run, prepared, tuple(places), replicates)


def _steps(prepared: Prepared, settings: ConnectSettings, alone: bool) -> list[int]:
    end = prepared.plan.steps
    if not settings.at:
        fractions = {round(fraction * end) for fraction in _FRACTIONS} if alone else set()
        return sorted({prepared.rewind_step} | {step for step in fractions if step < end})
    per_epoch = BatchOrder(len(prepared.data.train), prepared.recipe.batch, 0).per_epoch
    steps = sorted({step.iterations(per_epoch) for step in settings.at})
    if steps[-1] >= end:
        raise WinnowError("WN-R06", f"step {steps[-1]} is not before the end of training, step {end}", where="--at")
    return steps


def prepared_of(run: RunFolder) -> Prepared:
    """The run's recipe, resolved against its data again.

    Raises:
        WinnowError: WN-R03 when the recipe cannot be read or the data is another; as `prepare` for the rest.
    """
    header = run.header()
    written: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in header.get("recipe", {}).items()
    }
    unknown = written.keys() - {field.name for field in dataclasses.fields(FindRecipe)}
    if unknown or not written:
        what = f"its recipe has fields unknown here: {', '.join(sorted(unknown))}" if unknown else "it names no recipe"
        raise WinnowError("WN-R03", what, where=run.path, fix="Use the version of Winnow that made the run.")
    recipe = FindRecipe(**written)
    prepared = prepare(recipe)
    # Not the run's id: that of a transferred run says more than its recipe and data.
    if prepared.data.fingerprint != header.get("data", {}).get("fingerprint"):
        raise WinnowError(
            "WN-R03",
            f"the data {recipe.data} is not what the run was made with",
            where=run.path,
            fix="Put that data back, or run the recipe anew.",
        )
    return prepared


def _default_out(planned: Sequence[PlannedRun], settings: ConnectSettings) -> Path:
    if len(planned) == 1:
        return planned[0].folder
    name = identity(settings, " ".join(str(one.run.path.resolve()) for one in planned))[:SHORT_ID]
    return planned[0].run.path.parent / f"{FOLDER}-{name}"
