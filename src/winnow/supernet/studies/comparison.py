"""What a study came to: tables, and the sentences that they allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.reports import write_table
from winnow.storage import read_json, write_json
from winnow.supernet.studies.cells import Study
from winnow.supernet.studies.effects import effect_rows
from winnow.supernet.studies.table import arm_rows, network_rows
from winnow.supernet.studies.verdicts import effect_verdicts, verdicts

COMPARISON = "comparison.json"


@dataclass(frozen=True)
class Comparison:
    """The tables of a study.

    Attributes:
        folder: of the study.
        kind: of the study.
        reference: the arm that the others are compared with.
        networks: a row per finished network.
        arms: a row per arm, sparsity and row, with means, 95 % intervals and differences.
        effects: of progressive pruning, reactivation and retraining, where all eight settings were run.
        verdicts: sentences.
        failed: what failed, by cell.
    """

    folder: Path
    kind: str
    reference: str
    networks: list[dict[str, Any]]
    arms: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    verdicts: list[str]
    failed: dict[str, str]

    def to_plain(self) -> dict[str, Any]:
        """For `--json`."""
        return {name: str(value) if name == "folder" else value for name, value in vars(self).items()}


def compared(study: Study, failed: Mapping[str, WinnowError]) -> Comparison:
    """Read the finished cells, and write `comparison.json`, `tables/networks`, `tables/arms` and `tables/effects`."""
    networks = study.networks()
    arms, effects = arm_rows(networks, study.reference), effect_rows(networks)
    told = [*verdicts(arms, study.reference), *effect_verdicts(effects)]
    errors = {name: str(error) for name, error in failed.items()}
    found = Comparison(study.path, study.kind, study.reference, network_rows(networks), arms, effects, told, errors)
    for name, rows in (("networks", found.networks), ("arms", found.arms), ("effects", found.effects)):
        if rows:
            write_table(rows, study.path / "tables", name)
    write_json(study.path / COMPARISON, {k: v for k, v in found.to_plain().items() if k != "folder"})
    return found


def read_comparison(folder: Path | str) -> Comparison:
    """What `compared` wrote.

    Raises:
        WinnowError: WN-R05 when nothing is there yet, WN-S03 when it is damaged.
    """
    place = Path(folder) / COMPARISON
    if not place.is_file():
        raise WinnowError("WN-R05", "no comparison of supernets is here yet", where=folder)
    try:
        return Comparison(folder=Path(folder), **read_json(place))
    except TypeError as error:
        raise WinnowError("WN-S03", f"no comparison: {error}", where=place, fix="Run the study again.") from error
