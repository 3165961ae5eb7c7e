"""`audit`: attacks x strengths x seeds on one signed model, one file a case; running again resumes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import winnow
from winnow.core import WinnowError, derive_seed, digest
from winnow.ownership.attacks.measuring import measured
from winnow.ownership.attacks.registry import ATTACKS, BASELINE, attack_named
from winnow.ownership.attacks.rows import CASES, Row
from winnow.ownership.attacks.target import Attacked, Target
from winnow.sparsity import Mask
from winnow.storage import RunFolder, read_json, write_json

KIND = NAME = "ownership-audit"
NOT_DONE = "not done"
# A case that cannot be carried out is a finding: an attack that fails leaves the owner nothing to fear from it.
_FINDINGS = ("WN-D06", "WN-O01", "WN-O06", "WN-T01", "WN-M03", "WN-P03")


@dataclass(frozen=True)
class Case:
    """One attack at one strength, with one seed of draws."""

    attack: str
    strength: float
    seed: int

    @property
    def name(self) -> str:
        """Of its file: "prune-random-0.2-1"."""
        return f"{self.attack}-{self.strength:g}-{self.seed}"


def planned(
    attacks: Sequence[str] = (),
    *,
    strengths: Mapping[str, Sequence[float]] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
) -> list[Case]:
    """The cases of an audit, the untouched model first; an attack without draws has one seed.

    Args:
        attacks: names; none for all.
        strengths: by attack, instead of its own.
        seeds: of the draws.

    Raises:
        WinnowError: WN-O06 for an attack that does not exist.
    """
    names: list[str] = list(dict.fromkeys([BASELINE, *(attacks or ATTACKS), *(strengths or {})]))
    return [
        Case(name, float(strength), seed)
        for name in names
        for strength in (strengths or {}).get(name, attack_named(name).strengths)
        for seed in (seeds if attack_named(name).drawn else seeds[:1])
    ]


def audit(
    target: Target, folder: Path | str, cases: Sequence[Case], *, told: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """Carry out every case that has no file yet, and return the rows of all of them.

    Args:
        target: the signed model. Its key is used and never written.
        folder: a run folder of its own: `recipe.json`, `cases/NAME.json`.
        cases: see `planned`.
        told: gets one line a case.

    Raises:
        WinnowError: WN-R03 when the folder is that of another model or budget, WN-R04 when another process works there.
    """
    run = RunFolder.create(folder, run_id=_identity(target), header={"kind": KIND, "recipe": _recipe(target)})
    with run.locked():
        for number, case in enumerate(cases, start=1):
            row = _done(run, target, case)
            told(f"{number} of {len(cases)}  {case.name}  {row['outcome']}")
    return [read_json(_file(run, case)) for case in cases]


def _done(run: RunFolder, target: Target, case: Case) -> Row:
    """The case's row, from its file when it is there."""
    file = _file(run, case)
    if file.is_file():
        return read_json(file)
    began = time.perf_counter()
    try:
        _, found = carried_out(target, case)
    except WinnowError as error:
        if error.code not in _FINDINGS:
            raise
        found = {"outcome": NOT_DONE, "note": str(error)}
    attack = attack_named(case.attack)
    told = {"ticket": target.name, "attack": case.attack, "family": attack.family, "unit": attack.unit}
    seconds = round(time.perf_counter() - began, 3)
    row = {**told, "strength": case.strength, "seed": case.seed, **found, "seconds": seconds}
    write_json(file, row)
    return row


def carried_out(target: Target, case: Case) -> tuple[Attacked, dict[str, Any]]:
    """One case: what the attack leaves, and the figures of its row. The same case gives the same draws.

    Raises:
        WinnowError: WN-O06 and others when the attack cannot be done on this model.
    """
    generator = torch.Generator().manual_seed(derive_seed(case.seed, "attack", case.attack, f"{case.strength:g}"))
    # What an attack draws from torch's global generator must not hang on the cases before it.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive_seed(case.seed, "global", case.name))
        attacked = attack_named(case.attack).run(target, case.strength, generator)
        return attacked, measured(target, attacked)


def _file(run: RunFolder, case: Case) -> Path:
    return run.path / CASES / f"{case.name}.json"


def _recipe(target: Target) -> dict[str, Any]:
    budget = target.budget
    return {
        "name": NAME,
        "ticket": target.name,
        "winnow": winnow.__version__,
        "data": target.data.name,
        "mask": target.mask.digest(),
        "code": target.layout.code,
        "bits": target.layout.bits,
        "threshold_log2": target.claim.threshold_log2,
        "budget": {"steps": budget.steps, "batch": budget.batch, "learning_rate": budget.learning_rate},
    }


def _identity(target: Target) -> str:
    """Of the model, its claim, the data and the budget."""
    tensors = Mask({name: tensor != 0 for name, tensor in target.tensors.items()}).digest()
    parts = [_recipe(target), target.budget, target.claim.digest, target.data.fingerprint, tensors]
    return digest([*parts, target.other.fingerprint if target.other else None])
