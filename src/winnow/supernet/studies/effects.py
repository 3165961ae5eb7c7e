"""What progressive pruning, iterative reactivation and retraining do by themselves: the 2 x 2 x 2 table's effects."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from winnow.supernet.studies.estimates import Paired
from winnow.supernet.studies.measured import DRAWN, RETRAINED
from winnow.supernet.studies.pipelines import TWO_IN_ONE
from winnow.supernet.studies.table import Network

FACTORS = ("progressive pruning", "iterative reactivation", "retraining")
# Progressive pruning, reactivation: the arm with and without each.
_ARMS = {
    (True, True): TWO_IN_ONE,
    (False, True): "no-progressive",
    (True, False): "no-reactivation",
    (False, False): "neither",
}
ARMS_OF_EFFECTS = tuple(_ARMS.values())

Setting = tuple[bool, bool, bool]


def effect_rows(networks: Sequence[Network]) -> list[dict[str, Any]]:
    """A row per sparsity and factor: the mean difference that the factor makes, over the four settings of the others.

    A seed counts when all eight networks of it are there; the interval is over seeds.
    """
    rows = []
    for sparsity in dict.fromkeys(n.sparsity for n in networks):
        by_seed = _complete({n.seed: _settings(networks, sparsity, n.seed) for n in networks})
        for place, factor in enumerate(FACTORS):
            means = [_means(by_seed, place, on=on) for on in (True, False)]
            if by_seed:
                paired = Paired.of(*means)
                rows.append({"sparsity": sparsity, "factor": factor, "seeds": len(by_seed), **paired.columns()})
    return rows


def _settings(networks: Sequence[Network], sparsity: float, seed: int) -> dict[Setting, float]:
    values = {(n.arm, n.measured.row): n.value for n in networks if (n.sparsity, n.seed) == (sparsity, seed)}
    keys = {(*setting, row == RETRAINED): (arm, row) for setting, arm in _ARMS.items() for row in (DRAWN, RETRAINED)}
    return {setting: values[key] for setting, key in keys.items() if key in values}


def _complete(by_seed: Mapping[int, dict[Setting, float]]) -> dict[int, dict[Setting, float]]:
    return {seed: found for seed, found in by_seed.items() if len(found) == len(list(product((0, 1), repeat=3)))}


def _means(by_seed: Mapping[int, dict[Setting, float]], place: int, *, on: bool) -> dict[int, float]:
    return {
        seed: statistics.fmean(value for setting, value in found.items() if setting[place] == on)
        for seed, found in by_seed.items()
    }
