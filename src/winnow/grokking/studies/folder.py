"""The run folder of a study: which runs are done, and where their curves, weights and masks lie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.branches import Made
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.stacks.member import Grokked
from winnow.grokking.studies.result import Floats, RunRecord, StudyResult
from winnow.sparsity import Mask, Ticket, save_tensors
from winnow.storage import Metric, RunFolder, query, read_json, write_json, write_part

_SPLITS = {"train_loss": "train", "train_accuracy": "train", "test_loss": "test", "test_accuracy": "test"}


@dataclass(frozen=True)
class StudyFolder:
    """A run folder in which every run of every branch has files of its own, so that many processes can add to it."""

    path: Path

    def is_done(self, branch: str, replicate: int) -> bool:
        """Whether a run is finished."""
        return self._done(branch, replicate).is_file()

    def write(self, run: Grokked, mask: Mask | None, *, search_steps: int, split: str) -> None:
        """Keep a finished run; the record comes last, so that a run that has one is whole."""
        stem = f"{run.branch}-{run.replicate}"
        tensors = {
            f"{step}/{name}": tensor
            for step, kept in [*run.snapshots.items(), (run.steps, run.final)]
            for name, tensor in kept.items()
        }
        save_tensors(self.path / "tensors" / f"{stem}.safetensors", tensors)
        if mask is not None:
            mask.save(self.path / "masks" / f"{stem}.safetensors")
        write_part(self.path / "metrics", stem, _rows(run))
        record = RunRecord(
            branch=run.branch,
            replicate=run.replicate,
            memorised=run.memorised,
            generalised=run.generalised,
            steps=run.steps,
            seconds=run.seconds,
            search_steps=search_steps,
            tensors=f"tensors/{stem}.safetensors",
            split=split,
        )
        write_json(self._done(run.branch, run.replicate), asdict(record))

    def write_ticket(self, run: Grokked, made: Made, manifest: Mapping[str, Any]) -> None:
        """Keep a run as a ticket like any other: `tickets/BRANCH-REPLICATE/`."""
        if made.mask is not None:
            ticket = Ticket(made.start, made.mask, run.final, manifest)
            ticket.save_pretrained(self.path / "tickets" / f"{run.branch}-{run.replicate}")

    def tensors(self, branch: str, replicate: int) -> StudyResult:
        """A result of one run, to read its weights from.

        Raises:
            WinnowError: WN-R06 when the run is not done.
        """
        if not self.is_done(branch, replicate):
            raise WinnowError("WN-R06", f"branch {branch}, replicate {replicate} is not done", where=self.path)
        return StudyResult(folder=self.path, recipe=GrokRecipe(), records=[_record(self._done(branch, replicate))])

    def read(self, recipe: GrokRecipe, branches: Sequence[str] | None = None, chance: float = 0.0) -> StudyResult:
        """Everything that is done, of some branches or of all."""
        records = [_record(path) for path in sorted((self.path / "done").glob("*.json"))]
        names = list(branches or dict.fromkeys(record.branch for record in records))
        if branches is None:
            # The dense run is what all others are compared with.
            names.sort(key=lambda name: (not name.startswith("dense"), name))
        chosen = [r for name in names for r in sorted(records, key=lambda r: r.replicate) if r.branch == name]
        curves = self._curves(set(names)) if chosen else {}
        return StudyResult(folder=self.path, recipe=recipe, records=chosen, curves=curves, chance=chance)

    def _curves(self, branches: set[str]) -> Mapping[tuple[str, int], Mapping[str, tuple[Floats, Floats]]]:
        sql = "select branch, replicate, metric, step, value from metrics order by branch, replicate, metric, step"
        points: dict[tuple[str, int], dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
        for row in query(self.path / "metrics", sql):
            if row["branch"] in branches:
                points[row["branch"], row["replicate"]][row["metric"]].append((row["step"], row["value"]))
        return {run: {name: _arrays(pairs) for name, pairs in of_run.items()} for run, of_run in points.items()}

    def _done(self, branch: str, replicate: int) -> Path:
        return self.path / "done" / f"{branch}-{replicate}.json"


def opened(path: Path | str) -> tuple[StudyFolder, GrokRecipe]:
    """A study that is there, and its recipe.

    Raises:
        WinnowError: WN-R05 when there is none, WN-S03 when it is of another kind or damaged.
    """
    run = RunFolder.open(path)
    header = run.header()
    if header.get("kind") != "grok":
        raise WinnowError("WN-R05", "the folder holds no grokking study", where=path, fix="`winnow runs` lists them.")
    known = {field.name for field in fields(GrokRecipe)}
    try:
        recipe = GrokRecipe(**{name: value for name, value in header["recipe"].items() if name in known})
    except (TypeError, KeyError, AttributeError) as error:
        raise WinnowError("WN-S03", f"no recipe of a study: {error}", where=run.recipe_file) from error
    return StudyFolder(run.path), recipe


def _record(path: Path) -> RunRecord:
    known = {field.name for field in fields(RunRecord)}
    try:
        return RunRecord(**{name: value for name, value in read_json(path).items() if name in known})
    except (TypeError, AttributeError) as error:
        what = f"no record of a run: {error}"
        raise WinnowError("WN-S03", what, where=path, fix="Delete it, and run again.") from error


def _rows(run: Grokked) -> list[Metric]:
    return [
        Metric(run.replicate, run.branch, 0, step, _SPLITS.get(name, "weights"), name, value)
        for name, curve in run.curve.items()
        for step, value in curve
    ]


def _arrays(pairs: list[tuple[int, float]]) -> tuple[Floats, Floats]:
    steps, values = zip(*pairs, strict=True)
    return np.array(steps, dtype=np.float64), np.array(values, dtype=np.float64)


def tensors_at(result: StudyResult, branch: str, replicate: int, step: int | None) -> dict[str, Tensor]:
    """A run's weights after `step` updates, or its last ones.

    Raises:
        WinnowError: WN-R06 when no weights were kept at that step.
    """
    steps = result.kept_steps(branch, replicate)
    wanted = steps[-1] if step is None else step
    if wanted not in steps:
        kept = ", ".join(map(str, steps))
        raise WinnowError("WN-R06", f"{branch} kept no weights at step {wanted}; there are {kept}", where=result.folder)
    return result.weights(branch, replicate, wanted)
