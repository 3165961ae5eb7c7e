"""Run folders: `runs/<recipe>-<id>/`, made for one recipe, resumed by running again."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.storage.atomic import read_json, sweep, write_json
from winnow.storage.environment import environment

SHORT_ID = 12


@dataclass(frozen=True)
class RunFolder:
    """The place of one run: `recipe.json`, `environment.json`, `metrics/`, `level-NN/`, `report.html`."""

    path: Path

    @classmethod
    def create(cls, path: Path | str, *, run_id: str, header: dict[str, Any]) -> RunFolder:
        """Make the folder, or open it to resume.

        Args:
            path: the folder.
            run_id: identity of recipe and data (`winnow.core.identity`).
            header: what else `recipe.json` tells: "recipe", and what a reader needs to run it again.

        Raises:
            WinnowError: WN-R03 when the folder belongs to another recipe.
        """
        run = cls(Path(path))
        if run.recipe_file.exists():
            run.check_identity(run_id)
            run._note_environment()
            return run
        if run.path.is_dir() and any(not p.name.startswith(".") for p in run.path.iterdir()):
            raise WinnowError(
                "WN-R03",
                "the folder is not empty and holds no run",
                where=run.path,
                fix="Choose a new folder with --out.",
            )
        started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        write_json(run.recipe_file, {**header, "id": run_id, "started": started})
        run._note_environment()
        return run

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """Open a run that is there.

        Raises:
            WinnowError: WN-R05 when there is none.
        """
        run = cls(Path(path))
        if not run.recipe_file.is_file():
            raise WinnowError("WN-R05", "no recipe.json here", where=path, fix="`winnow runs` lists the runs.")
        return run

    @property
    def recipe_file(self) -> Path:
        """The recipe with the run's identity."""
        return self.path / "recipe.json"

    @property
    def metrics(self) -> Path:
        """The folder of the metric parts."""
        return self.path / "metrics"

    @property
    def report(self) -> Path:
        """The run's page."""
        return self.path / "report.html"

    def level(self, number: int) -> Path:
        """The folder of one level."""
        return self.path / f"level-{number:02d}"

    def header(self) -> dict[str, Any]:
        """`id`, `started`, `recipe` and the rest, as written at the start.

        Raises:
            WinnowError: WN-S03 when the file is damaged.
        """
        found = read_json(self.recipe_file)
        if not isinstance(found, dict) or "id" not in found:
            raise WinnowError("WN-S03", "it names no run", where=self.recipe_file, fix="Delete the run's folder.")
        return found

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process, and clear what a killed one left half-written.

        Raises:
            WinnowError: WN-R04 when another process holds it.
        """
        with (self.path / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WinnowError(
                    "WN-R04",
                    "another process is running this recipe here",
                    where=self.path,
                    fix="Wait for it, or choose another folder with --out.",
                ) from error
            sweep(self.path)
            yield

    def _note_environment(self) -> None:
        """Also when a kill came in between."""
        if not (self.path / "environment.json").exists():
            write_json(self.path / "environment.json", environment())

    def check_identity(self, run_id: str) -> None:
        """Make sure that the folder is the run's own.

        Raises:
            WinnowError: WN-R03 when it belongs to another recipe.
        """
        found = self.header().get("id")
        if found != run_id:
            raise WinnowError(
                "WN-R03",
                f"it holds run {str(found)[:SHORT_ID]}; this recipe on this data is {run_id[:SHORT_ID]}",
                where=self.path,
                fix="Choose a new folder with --out, or give the flags that the folder was made with.",
            )


def list_runs(root: Path | str) -> list[RunFolder]:
    """The runs directly under `root`, by name; none when the folder is missing."""
    return [RunFolder(file.parent) for file in sorted(Path(root).glob("*/recipe.json"))]
