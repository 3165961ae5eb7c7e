"""`DrawResult`: what one run came to, as its folder keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.storage import RunFolder, read_json, write_json
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.studies.measured import RETRAINED, Measured
from winnow.supernet.studies.source import RETRAINED as RETRAINED_TICKET
from winnow.supernet.studies.source import TICKET

KIND = "supernet"
RESULT = "result.json"


@dataclass(frozen=True)
class DrawResult:
    """One finished run.

    Attributes:
        folder: its run folder.
        run_id: identity of recipe, data, pipeline and what it started from.
        pipeline: how it was trained.
        recipe: as it was asked for; the pipeline may have changed some of it.
        metric: the measure that decides; higher is better.
        dense_parameters: weights of the whole supernet.
        dense_macs: MACs of the whole supernet for one image.
        rows: "drawn", and "retrained" when the recipe retrains.
    """

    folder: Path
    run_id: str
    pipeline: str
    recipe: SupernetRecipe
    metric: str
    dense_parameters: int
    dense_macs: int
    rows: tuple[Measured, ...]

    def row(self, name: str) -> Measured | None:
        """The measurement of that name; None when the recipe does not retrain."""
        return next((row for row in self.rows if row.row == name), None)

    @property
    def last(self) -> Measured:
        """The network that the run is about: the retrained one where there is one."""
        return self.rows[-1]

    @property
    def ticket(self) -> Path:
        """The folder of that network's ticket."""
        return self.folder / (RETRAINED_TICKET if self.row(RETRAINED) else TICKET)

    def to_plain(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "folder": str(self.folder),
            "id": self.run_id,
            "pipeline": self.pipeline,
            "metric": self.metric,
            "dense": {"parameters": self.dense_parameters, "macs": self.dense_macs},
            "rows": [row.to_plain() for row in self.rows],
        }


def write_result(result: DrawResult) -> None:
    """Keep it; a run that has one is whole."""
    write_json(result.folder / RESULT, {k: v for k, v in result.to_plain().items() if k != "folder"})


def is_finished(folder: Path) -> bool:
    """Whether the run in a folder has its result."""
    return (folder / RESULT).is_file()


def read_draw(folder: Path | str) -> DrawResult:
    """What a finished run came to.

    Raises:
        WinnowError: WN-R05 when there is none, or it is not finished; WN-S03 when it is damaged or of another kind.
    """
    run = RunFolder.open(folder)
    if not is_finished(run.path):
        raise WinnowError("WN-R05", "the run is not finished", where=run.path, fix="Run it again: it resumes.")
    recipe, plain = recipe_of(run), read_json(run.path / RESULT)
    try:
        return DrawResult(
            folder=run.path,
            run_id=plain["id"],
            pipeline=plain["pipeline"],
            recipe=recipe,
            metric=plain["metric"],
            dense_parameters=plain["dense"]["parameters"],
            dense_macs=plain["dense"]["macs"],
            rows=tuple(map(Measured.from_plain, plain["rows"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        what = f"no result of a run: {error}"
        raise WinnowError("WN-S03", what, where=run.path / RESULT, fix="Delete it, and run again.") from error


def recipe_of(run: RunFolder) -> SupernetRecipe:
    """The recipe in a run's header.

    Raises:
        WinnowError: WN-R05 when the run is of another kind, WN-S03 when its recipe is damaged.
    """
    header = run.header()
    if header.get("kind") != KIND:
        raise WinnowError("WN-R05", "the folder holds no run of a supernet", where=run.path)
    known = {item.name for item in fields(SupernetRecipe)}
    try:
        return SupernetRecipe(**{name: value for name, value in header["recipe"].items() if name in known})
    except (TypeError, KeyError, AttributeError) as error:
        raise WinnowError("WN-S03", f"no recipe of a supernet: {error}", where=run.recipe_file) from error


def values_by_seed(results: Sequence[DrawResult], row: str) -> Mapping[int, float]:
    """Seed to the test metric of a row, of the runs that have one."""
    found = [(result, result.row(row)) for result in results]
    return {result.recipe.seed: one.test[result.metric] for result, one in found if one is not None}
