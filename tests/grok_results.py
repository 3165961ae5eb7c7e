"""A small made-up study of modular addition: curves that grok, weights that become waves, masks, all in a folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.grokking.branches.name import Branch
from winnow.grokking.masks import magnitude_mask
from winnow.grokking.recipe import GrokRecipe
from winnow.grokking.studies.result import RunRecord, StudyResult
from winnow.sparsity import Mask, save_tensors

PRUNABLE = ("embed", "project_in", "project_out", "unembed")
MASKED = {
    "ticket", "iterative", "reinit", "shuffled", "random", "snip", "grasp", "synflow", "synflow-once", "random-matched",
    "snip-matched", "grasp-matched", "synflow-matched", "edge-popup", "edge-popup-wd",
}  # fmt: skip
# t_gen as a share of the dense network's; None: never.
SHARES: dict[str, float | None] = {
    "dense": 1.0, "ticket": 0.11, "iterative": 0.09, "reinit": 0.8, "shuffled": 1.1, "norm-l1": 0.75, "norm-l2": 0.85,
    "random": 1.15, "snip": 1.2, "grasp": None, "synflow": None, "synflow-once": 1.25, "random-matched": 0.9,
    "snip-matched": 1.0, "grasp-matched": None, "synflow-matched": 1.1, "edge-popup": 0.1, "edge-popup-wd": 0.04,
}  # fmt: skip
ALL_BRANCHES = (
    *SHARES,
    *(f"ticket@{step}" for step in (4000, 8000, 12000, 16000, 20000, 24000)),
    *(f"ticket,k{rate:g}" for rate in (0.3, 0.5, 0.7, 0.8, 0.9)),
    *("dense,wd0", "ticket,k0.7,wd0", "ticket,k0.8,wd0", "ticket,k0.9,wd0"),
    *("dense+grokfast-ema", "dense+muon", "dense+egd", "ticket+grokfast-ema", "ticket+muon"),
)


@dataclass(frozen=True)
class Made:
    """What to make.

    Attributes:
        branches: names, as in a study.
        replicates: seeds of every branch.
        steps: of the dense network; t_gen of dense is about 0.8 of it.
        modulus, width, hidden: of the network.
        kept: how many steps keep weights; 0 for none.
        never: branches that never generalise, beside those of `SHARES`.
        broken: branches whose loss is not a number in the last third, in replicate 0.
        task: of the recipe.
    """

    branches: Sequence[str] = ("dense", "ticket")
    replicates: int = 2
    steps: int = 30_000
    modulus: int = 13
    width: int = 12
    hidden: int = 12
    kept: int = 4
    never: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    task: str = field(default="")

    @property
    def recipe(self) -> GrokRecipe:
        """The study's recipe."""
        task = self.task or f"add-{self.modulus}"
        return GrokRecipe(task=task, steps=self.steps, ticket_steps=self.steps, replicates=self.replicates)


def study(folder: Path, made: Made | None = None) -> StudyResult:
    """Write weights and masks, and return the result with its curves."""
    made = made or Made()
    records, curves = [], {}
    for branch in made.branches:
        for replicate in range(made.replicates):
            records.append(_record(made, branch, replicate))
            curves[branch, replicate] = _curves(made, records[-1])
            if made.kept:
                _keep(folder, made, records[-1])
    return StudyResult(folder=folder, recipe=made.recipe, records=records, curves=curves, chance=1 / made.modulus)


def _record(made: Made, branch: str, replicate: int) -> RunRecord:
    parsed = Branch.parse(branch)
    noise = np.random.default_rng(derive_seed(0, branch, replicate)).normal(size=2)
    share = None if branch in made.never else _share(made, parsed)
    dense = 0.75 * made.steps * (1 + 0.04 * math.sin(2.4 * replicate + 1))
    generalised = None if share is None else 10 * int(dense * share * (1 + 0.08 * noise[0]) / 10)
    if generalised is not None and generalised > made.steps:
        generalised = None
    steps = made.steps if generalised is None else min(made.steps, generalised + 3000)
    return RunRecord(
        branch=branch,
        replicate=replicate,
        memorised=10 * int(made.steps * 0.008 * (1 + 2 * (parsed.rate or 0.3)) * (1 + 0.1 * noise[1]) / 10),
        generalised=generalised,
        steps=made.steps if branch == "dense" else steps,
        seconds=0.0005 * steps * (1.4 if parsed.accelerator else 1),
        search_steps=(parsed.at or made.steps) if parsed.base in ("ticket", "reinit", "shuffled") else 0,
        tensors=f"tensors/{branch}-{replicate}.safetensors" if made.kept else None,
        split=f"{replicate:064x}",
    )


def _share(made: Made, branch: Branch) -> float | None:
    share = SHARES.get(branch.base)
    if share is None or branch.rate == 0.9 or (branch.weight_decay == 0 and branch.rate != 0.8):
        return None
    if branch.at is not None and branch.at < 0.75 * made.steps:
        return None
    factor = {"grokfast-ema": 0.3, "muon": 0.5, "egd": 0.2}.get(branch.accelerator or "", 1.0)
    return share * factor * (1 + 3 * (branch.rate - 0.7) ** 2 if branch.rate else 1)


def _curves(made: Made, run: RunRecord) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    steps = np.arange(0, run.steps + 1, 100, dtype=np.float64)
    rise = _sigmoid(8 * np.log((steps + 1) / (run.memorised or 1)) / 1.2 + 2.9)
    test = _test(made, run, steps)
    loss = {"train_loss": np.log(made.modulus) * (1 - rise) + 1e-7 * np.exp(-steps / 5000) + 1e-9}
    loss["test_loss"] = 12 * rise * (1 - test) + np.log(made.modulus) * (1 - rise) + 1e-4
    if run.branch in made.broken and run.replicate == 0:
        loss = {name: np.where(steps > 2 * made.steps / 3, np.nan, values) for name, values in loss.items()}
    small = 0.65 if Branch.parse(run.branch).base in MASKED else 1.0
    norms = {"l1": 4200 * small**2 * (1 - 0.6 * test), "l2": 22 * small * (1 - 0.5 * test - 0.1 * rise)}
    values = {"train_accuracy": rise, "test_accuracy": test, **loss, **norms}
    return {name: (steps, found) for name, found in values.items()}


def _test(made: Made, run: RunRecord, steps: np.ndarray) -> np.ndarray:
    at = Branch.parse(run.branch).at
    top, middle = (1.0, run.generalised) if run.generalised is not None else (0.15 + (at or 0) / made.steps, 8000)
    rise = _sigmoid(8 * (steps / max(middle or 1, 1) - 1) + 2.95) - _sigmoid(np.array(-8 + 2.95))
    return np.clip(1 / made.modulus + (top - 1 / made.modulus) * rise, 0, 1)


def _keep(folder: Path, made: Made, run: RunRecord) -> None:
    branch = Branch.parse(run.branch)
    mask = _mask(made, run) if branch.base in MASKED else None
    steps = sorted({*np.linspace(0, made.steps, made.kept).astype(int).tolist(), run.steps})
    kept = {
        f"{step}/{name}": tensor
        for step in steps
        if step <= run.steps
        for name, tensor in (mask.applied(weights_at(made, run, step)) if mask else weights_at(made, run, step)).items()
    }
    save_tensors(folder / str(run.tensors), kept)
    if mask is not None:
        mask.save(folder / "masks" / f"{run.branch}-{run.replicate}.safetensors")


def _mask(made: Made, run: RunRecord) -> Mask:
    branch = Branch.parse(run.branch)
    rate = branch.rate or made.recipe.rate
    if branch.base in ("ticket", "reinit", "iterative"):
        dense = _record(made, "dense", run.replicate)
        return magnitude_mask(weights_at(made, dense, branch.at or made.steps), PRUNABLE, rate)
    if branch.base.endswith("-matched") or branch.base == "shuffled":
        ticket = _record(made, "ticket", run.replicate)
        return _mask(made, ticket).shuffled(derive_seed(1, run.branch, run.replicate))
    generator = torch.Generator().manual_seed(derive_seed(2, run.branch, run.replicate))
    scores = {name: torch.rand(t.shape, generator=generator) for name, t in weights_at(made, run, 0).items()}
    return magnitude_mask(scores, PRUNABLE, rate)


def weights_at(made: Made, run: RunRecord, step: int) -> dict[str, Tensor]:
    """Random weights that give way to waves around t_gen."""
    generator = torch.Generator().manual_seed(derive_seed(3, run.replicate))
    shapes = {
        "embed": (made.modulus, made.width),
        "project_in": (made.width, made.hidden),
        "project_out": (made.hidden, made.width),
        "unembed": (made.width, made.modulus),
    }
    start = {name: torch.randn(shape, generator=generator) / math.sqrt(shape[0]) for name, shape in shapes.items()}
    middle = run.generalised or 3 * made.steps
    share = float(_sigmoid(np.array(6 * (step / middle - 0.9)))) if step else 0.0
    waves = _waves(made, run.replicate)
    return {name: ((1 - share) * start[name] + share * waves[name]).float() for name in shapes}


def _waves(made: Made, replicate: int) -> dict[str, Tensor]:
    """A network that adds modulo p by waves of a few frequencies (Nanda et al. 2023)."""
    generator = torch.Generator().manual_seed(derive_seed(4, replicate))
    count = min(4, made.modulus // 2, made.width // 2)
    frequencies = 1 + torch.randperm(made.modulus // 2, generator=generator)[:count]
    angles = 2 * math.pi * torch.outer(torch.arange(made.modulus).float(), frequencies.float()) / made.modulus
    phases = 2 * math.pi * torch.rand(made.hidden, generator=generator)
    own = torch.arange(made.hidden) % count
    embed = torch.zeros(made.modulus, made.width)
    embed[:, :count], embed[:, count : 2 * count] = angles.cos(), angles.sin()
    inward = torch.zeros(made.width, made.hidden)
    inward[own, torch.arange(made.hidden)], inward[count + own, torch.arange(made.hidden)] = phases.cos(), -phases.sin()
    outward = torch.zeros(made.hidden, made.width)
    outward[torch.arange(made.hidden), own] = (2 * phases).cos()
    outward[torch.arange(made.hidden), count + own] = -(2 * phases).sin()
    return {"embed": embed, "project_in": inward, "project_out": outward, "unembed": embed.T.contiguous()}


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
