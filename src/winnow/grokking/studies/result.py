"""What a study has measured, read from its run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from winnow.grokking.recipe import GrokRecipe
from winnow.sparsity import Mask, load_tensors

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One finished run of one branch.

    Attributes:
        branch, replicate: which.
        memorised: t_mem in steps; None when the training accuracy never passed the threshold.
        generalised: t_gen in steps; None when the test accuracy never passed it.
        steps: updates it was trained for.
        seconds: its share of its stack's wall-clock time.
        search_steps: updates spent to find its mask (of the dense run and of pruning rounds); 0 without a mask.
        tensors: file of its kept weights, relative to the run folder; None when none were kept.
        split: SHA-256 of its split.
    """

    branch: str
    replicate: int
    memorised: int | None
    generalised: int | None
    steps: int
    seconds: float
    search_steps: int = 0
    tensors: str | None = None
    split: str = ""

    @property
    def ratio(self) -> float | None:
        """tau_grok = t_gen / t_mem (section 4.1)."""
        return self.generalised / self.memorised if self.memorised and self.generalised is not None else None


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """All that the figures and the page of a study are made of.

    Attributes:
        folder: the run folder.
        recipe: of the study.
        records: every finished run, by branch in the order they were asked for, then by replicate.
        curves: (branch, replicate) to metric to (steps [n], values [n]); metrics are "train_loss", "train_accuracy",
            "test_loss", "test_accuracy", "l1", "l2" (of the weights that remain, over all matrices together).
        chance: accuracy of a guess; 0 for tasks of values.
    """

    folder: Path
    recipe: GrokRecipe
    records: Sequence[RunRecord]
    curves: Mapping[tuple[str, int], Mapping[str, tuple[Floats, Floats]]] = field(default_factory=dict)
    chance: float = 0.0

    @property
    def branches(self) -> list[str]:
        """The branches that have a finished run, in their order."""
        return list(dict.fromkeys(record.branch for record in self.records))

    def of(self, branch: str) -> list[RunRecord]:
        """The finished runs of a branch."""
        return [record for record in self.records if record.branch == branch]

    def kept_steps(self, branch: str, replicate: int) -> list[int]:
        """Steps whose weights are there, ascending; the last is the end of the run. None kept: an empty list."""
        return sorted({int(name.split("/", 1)[0]) for name in self._tensors(branch, replicate)})

    def weights(self, branch: str, replicate: int, step: int) -> dict[str, Tensor]:
        """One network's tensors after `step` updates, pruned weights exactly 0."""
        start = f"{step}/"
        found = self._tensors(branch, replicate)
        return {name.removeprefix(start): tensor for name, tensor in found.items() if name.startswith(start)}

    def mask(self, branch: str, replicate: int) -> Mask | None:
        """The mask of a run; None for one without."""
        path = self.folder / "masks" / f"{branch}-{replicate}.safetensors"
        return Mask.load(path) if path.is_file() else None

    def _tensors(self, branch: str, replicate: int) -> dict[str, Tensor]:
        names = [record.tensors for record in self.of(branch) if record.replicate == replicate and record.tensors]
        return _loaded(self.folder / names[0]) if names else {}


@lru_cache(maxsize=8)
def _loaded(path: Path) -> dict[str, Tensor]:
    """A run's kept weights; measures go through its steps one by one, and the file is read once."""
    return load_tensors(path)[0]
