"""Many runs of one study: which there are, in which order, and running them anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from winnow.core import WinnowError, plain
from winnow.data.vision import VisionSet
from winnow.execution import Job, Local, Place, hold_memory, run
from winnow.storage import RunFolder
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.studies.draw import run_draw
from winnow.supernet.studies.plan import DrawPlan
from winnow.supernet.studies.result import is_finished, read_draw
from winnow.supernet.studies.table import Network, networks_of
from winnow.supernet.studies.training import Work
from winnow.training import Progress


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
        arm: its pipeline.
        seed: of the run.
        sparsity: at which it is compared; None for one that stands at every sparsity of the study, or that no table
            shows.
        plan: the run.
        shown: whether tables show it.
    """

    arm: str
    seed: int
    sparsity: float | None
    plan: DrawPlan
    shown: bool = True

    @property
    def name(self) -> str:
        """Its folder's name, such as "two-in-one-p50-s0"."""
        return self.plan.path.name


def cell_name(arm: str, sparsity: float | None, seed: int) -> str:
    """The name of a cell's folder: "two-in-one-p50-s0", "dense-s0"."""
    return f"{arm}-s{seed}" if sparsity is None else f"{arm}-p{100 * sparsity:g}-s{seed}"


@dataclass(frozen=True)
class Study:
    """A study before it runs.

    Attributes:
        kind: "supernet-ablation" or "supernet-transfer".
        name: under which its recipe is known.
        path: its folder; every cell has a run folder of its own in `cells/`.
        run_id: identity of recipe and data, whatever arms, sparsities and seeds there are.
        recipe: what the cells are made from.
        waves: cells, those of a wave independent of each other and needing only those of waves before.
        reference: the arm that the others are compared with.
        sparsities: at which arms are compared.
        about: more for the header.
    """

    kind: str
    name: str
    path: Path
    run_id: str
    recipe: SupernetRecipe
    waves: tuple[tuple[Cell, ...], ...]
    reference: str
    sparsities: tuple[float, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them, wave by wave."""
        return tuple(cell for wave in self.waves for cell in wave)

    @property
    def steps(self) -> int:
        """Updates in all, those of finished cells included."""
        return sum(cell.plan.steps for cell in self.cells)

    def pending(self) -> list[Cell]:
        """The cells that are not finished."""
        return [cell for cell in self.cells if not is_finished(cell.plan.path)]

    def networks(self) -> list[Network]:
        """All networks of the finished cells that tables show."""
        shown = [cell for cell in self.cells if cell.shown and is_finished(cell.plan.path)]
        results = [(cell.arm, cell.sparsity, read_draw(cell.plan.path)) for cell in shown]
        return networks_of(results, self.sparsities)

    def to_plain(self) -> dict[str, Any]:
        """For `--dry-run`."""
        return {
            "folder": str(self.path),
            "run_id": self.run_id,
            "steps": self.steps,
            "cells": [{"name": cell.name, "steps": cell.plan.steps} for cell in self.cells],
            "sparsities": list(self.sparsities),
            "recipe": plain(self.recipe),
            **self.about,
        }


def run_cells(
    study: Study,
    *,
    command: str = "",
    where: Place | None = None,
    work: Work | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
    data: Mapping[str, VisionSet] | None = None,
) -> dict[str, WinnowError]:
    """Run the cells that are not finished; a cell that fails leaves all alone but those that start from it.

    Args:
        study: what to run.
        command: what a person would type to get this.
        where: one after another in this process when not given; `winnow.execution.Local(jobs=2)` trains two at once,
            each in a process of its own.
        work: checkpoints and measurements of the cells.
        progress: who is told about steps; only when everything runs in this process.
        told: gets a line of text for every cell that begins or ends.
        data: sets in memory by fingerprint, for cells whose data are not to be loaded.

    Returns:
        The errors of the cells that failed, by name.

    Raises:
        WinnowError: WN-R03 and WN-R04 when the folder is another study's or in use; the first error when every cell of
            the study failed.
    """
    header = {"kind": study.kind, "name": study.name, "recipe": plain(study.recipe), "command": command, **study.about}
    folder = RunFolder.create(study.path, run_id=study.run_id, header=header)
    failed: dict[str, WinnowError] = {}
    here = progress if where is None else None
    with folder.locked():
        if here:
            here.begin(sum(cell.plan.steps for cell in study.pending()))
        for wave in study.waves:
            pending = [cell for cell in wave if not is_finished(cell.plan.path)]
            failed |= _run_wave(pending, where or Local(), (work or Work(), here, dict(data or {})), told)
        if here:
            here.end()
    if len(failed) == len(study.cells):
        raise next(iter(failed.values()))
    return failed


def run_cell(plan: DrawPlan, work: Work, progress: Progress | None, data: VisionSet | None) -> None:
    """One cell, in whatever process."""
    hold_memory()
    run_draw(plan, work=work, progress=_Inner(progress) if progress else None, data=data)


def _run_wave(
    cells: Sequence[Cell],
    where: Place,
    shared: tuple[Work, Progress | None, Mapping[str, VisionSet]],
    told: Callable[[str], None] | None,
) -> dict[str, WinnowError]:
    work, progress, data = shared
    jobs = [
        Job(cell.name, run_cell, (cell.plan, work, progress, data.get(cell.plan.data["fingerprint"]))) for cell in cells
    ]
    failed: dict[str, WinnowError] = {}
    for outcome in run(jobs, where):
        if told:
            told(f"{outcome.state}: {outcome.name}")
        if outcome.state == "failed":
            failed[outcome.name] = outcome.error or WinnowError("WN-X02", "a cell broke off", where=outcome.name)
    return failed


class _Inner:
    """The progress of a cell within that of its study, which counts the steps of all."""

    def __init__(self, outer: Progress) -> None:
        self._outer = outer
        self.advance, self.skip = outer.advance, outer.skip

    def begin(self, total: int) -> None:
        """The study has begun already."""

    def end(self) -> None:
        """Other cells may follow."""
