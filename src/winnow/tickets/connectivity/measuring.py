"""`connect`: is a network stable to the noise of SGD? Linear mode connectivity of children of one checkpoint.

Frankle, Dziugaite, Roy and Carbin (2020, arXiv 1912.05671): train to step k, mask, train two children from there under
different data order, and look at the error on the straight line between them. A bump means that the two have ended in
different valleys. Subnetworks match the dense network only at steps from which they are stable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import torch

from winnow.storage import RunFolder, read_json, write_json
from winnow.tickets.connectivity.children import Child, Nursery
from winnow.tickets.connectivity.paths import PathMeter, alphas_of
from winnow.tickets.connectivity.plan import Place, Plan, PlannedRun, plan_connection, statistics_of
from winnow.tickets.connectivity.results import Connection
from winnow.tickets.connectivity.settings import ConnectSettings
from winnow.training import Progress, device_named
from winnow.training.progress import Silence


def connect(
    runs: Plan | RunFolder | Path | str | Sequence[RunFolder | Path | str],
    settings: ConnectSettings | None = None,
    *,
    out: Path | str | None = None,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
    checkpoint_seconds: float = 30.0,
    execution: str = "auto",
) -> Connection:
    """Measure the stability of a run's networks: error barriers between children, over levels and steps.

    The start at step k is the run's dense network there, masked by the level's mask; a k equal to the run's rewind step
    is the ticket's own start, bit for bit. Measurements are kept in `RUN/connect`, one file for each level, mask, step
    and replicate; running again measures only what is missing, also after a kill.

    Args:
        runs: a run folder, several, or what `plan_connection` gave (then `settings` and `out` are its own).
        settings: what to measure, and how.
        out: where the tables go; `RUN/connect` when not given.
        device: where to train and to measure.
        progress: who is told.
        checkpoint_seconds: time between checkpoints of what trains.
        execution: of the children: "dense", "sparse", or "auto".

    Returns:
        All paths; their tables are written.

    Raises:
        WinnowError: as `plan_connection`; WN-R04 when a run is in use; WN-T01 when a child's loss is not a number.
    """
    plan = runs if isinstance(runs, Plan) else plan_connection(runs, settings, out)
    where = device_named(device) if isinstance(device, str) else device
    teller = progress or Silence()
    paths: list[dict[str, Any]] = []
    notes: list[str] = []
    teller.begin(plan.network_steps)
    try:
        for planned in plan.runs:
            with planned.run.locked():
                nursery = Nursery(planned, where, teller, checkpoint_seconds, execution)
                paths += _Measurement(planned, plan.settings, nursery, where).run()
                notes += filter(None, [nursery.note()])
    finally:
        teller.end()
    ways = dict.fromkeys(statistics_of(planned, plan.settings) for planned in plan.runs)
    connection = Connection(plan.out, plan.settings, tuple(ways), paths, tuple(notes))
    connection.write_tables()
    return connection


@dataclass
class _Measurement:
    """One run at work."""

    planned: PlannedRun
    settings: ConnectSettings
    nursery: Nursery
    device: torch.device

    def __post_init__(self) -> None:
        prepared = self.planned.prepared
        self._batchnorm = statistics_of(self.planned, self.settings)
        module = prepared.model.build(0)
        self._meter = PathMeter(module, prepared.data, prepared.plan, self.device, self._batchnorm)

    def run(self) -> list[dict[str, Any]]:
        """Every row of every path, measured now or before."""
        missing = [part for part in self._parts() if self._read(*part) is None]
        self._skip([part for part in self._parts() if part not in missing])
        self.nursery.grow_trunk(sorted({place.step for place, _, _ in missing} & set(self.planned.trunk_steps)))
        for place in self.planned.places:
            here = [(branch, replicate) for at, branch, replicate in missing if at == place]
            self.nursery.grow(place, [child for pair in here for child in self._children(*pair)])
            for branch, replicate in here:
                write_json(self._file(place, branch, replicate), self._measure(place, branch, replicate))
        return [row for part in self._parts() for row in self._rows(*part)]

    def _parts(self) -> list[tuple[Place, str, int]]:
        replicates = range(self.planned.replicates)
        return [(place, branch, r) for place in self.planned.places for branch in place.branches for r in replicates]

    def _children(self, branch: str, replicate: int) -> list[Child]:
        return [Child(branch, replicate, number) for number in range(self.settings.children)]

    def _file(self, place: Place, branch: str, replicate: int) -> Path:
        name = f"level-{place.level:02d}-{branch}-step-{place.step}-replicate-{replicate}"
        return self.planned.folder / "parts" / self.settings.part_id(self._batchnorm) / f"{name}.json"

    def _read(self, place: Place, branch: str, replicate: int) -> dict[str, Any] | None:
        """A finished part, unless the level has another mask by now."""
        file = self._file(place, branch, replicate)
        found = read_json(file) if file.exists() else None
        return found if found and found["mask"] == self.nursery.mask(place.level, branch, replicate).digest() else None

    def _measure(self, place: Place, branch: str, replicate: int) -> dict[str, Any]:
        mask = self.nursery.mask(place.level, branch, replicate)
        children = [self.nursery.trained(place, child) for child in self._children(branch, replicate)]
        alphas = alphas_of(self.settings.points)
        pairs = []
        for first, second in combinations(range(len(children)), 2):
            scores = self._meter.scores(children[first], children[second], mask, alphas, self.settings.splits)
            measured = {split: {"error": s.error, "loss": _finite(s.loss)} for split, s in scores.items()}
            pairs.append({"first": first, "second": second, "splits": measured})
        return {
            "mask": mask.digest(),
            "density": mask.density,
            "batchnorm": self._batchnorm,
            "alphas": alphas,
            "pairs": pairs,
        }

    def _rows(self, place: Place, branch: str, replicate: int) -> Iterator[dict[str, Any]]:
        part = read_json(self._file(place, branch, replicate))
        shared = {
            "run": self.planned.run.path.resolve().name,
            "level": place.level,
            "density_percent": 100 * part["density"],
            "branch": branch,
            "step": place.step,
            "replicate": replicate,
        }
        for pair in part["pairs"]:
            ends = {"first": pair["first"], "second": pair["second"]}
            for split, scores in pair["splits"].items():
                for alpha, error, loss in zip(part["alphas"], scores["error"], scores["loss"], strict=True):
                    here = {"split": split, "alpha": alpha, "error_percent": 100 * error, "loss": loss}
                    yield {**shared, **ends, **here}

    def _skip(self, done: Sequence[tuple[Place, str, int]]) -> None:
        """What needs no training counts as done: the children of finished parts, and a trunk that nobody asks for."""
        end = self.planned.prepared.plan.steps
        self.nursery.progress.skip(sum(self.settings.children * (end - place.step) for place, _, _ in done))


def _finite(values: Sequence[float]) -> list[float | None]:
    """JSON has no NaN."""
    return [value if math.isfinite(value) else None for value in values]
