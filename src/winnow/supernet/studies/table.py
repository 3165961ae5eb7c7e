"""The tables of a study: a row per network, and a row per arm with intervals and differences over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from winnow.supernet.studies.estimates import Interval, Paired
from winnow.supernet.studies.measured import DRAWN, RETRAINED, Measured
from winnow.supernet.studies.result import DrawResult

_COSTS = ("units", "parameters", "weights", "macs", "sparse_macs")


@dataclass(frozen=True)
class Network:
    """A finished network of a study.

    Attributes:
        arm: the pipeline.
        sparsity: at which it is compared; a dense arm stands at every one of the study's.
        seed: of the run.
        metric: its name.
        measured: everything else.
    """

    arm: str
    sparsity: float
    seed: int
    metric: str
    measured: Measured

    @property
    def value(self) -> float:
        """The test metric, a fraction."""
        return self.measured.test[self.metric]


@dataclass(frozen=True)
class Arm:
    """All seeds of an arm at one sparsity, drawn or retrained.

    Attributes:
        name: the pipeline.
        sparsity: at which it is compared.
        row: "drawn" or "retrained".
        networks: one per seed.
    """

    name: str
    sparsity: float
    row: str
    networks: tuple[Network, ...]

    @property
    def values(self) -> Mapping[int, float]:
        """Seed to test metric."""
        return {network.seed: network.value for network in self.networks}

    def columns(self, reference: Arm | None) -> dict[str, Any]:
        """As a table holds it; without a reference, or of the reference itself, there are no differences."""
        networks = self.networks
        row: dict[str, Any] = {"arm": self.name, "sparsity": self.sparsity, "row": self.row, "seeds": len(networks)}
        row["metric"] = networks[0].metric
        row |= Interval.of(self.values.values()).columns("test")
        row |= Interval.of(n.measured.validation[n.metric] for n in networks).columns("validation")
        row |= {name: Interval.of(getattr(n.measured, name) for n in networks).mean for name in _COSTS}
        row["masked"] = Interval.of(n.measured.sparsity for n in networks).mean
        row["steps"] = networks[0].measured.steps
        if reference is not None and reference.name != self.name:
            row |= Paired.of(self.values, reference.values).columns()
        return row


def networks_of(results: Sequence[tuple[str, float | None, DrawResult]], sparsities: Sequence[float]) -> list[Network]:
    """Every network of finished runs.

    Args:
        results: arm, sparsity (None for one that stands at every sparsity) and result.
        sparsities: of the study.
    """
    return [
        Network(arm, at, result.recipe.seed, result.metric, measured)
        for arm, sparsity, result in results
        for at in (sparsities if sparsity is None else [sparsity])
        for measured in result.rows
    ]


def arms_of(networks: Sequence[Network]) -> list[Arm]:
    """Networks by sparsity, row and arm, in the order in which they come."""
    keys = dict.fromkeys((n.sparsity, n.measured.row, n.arm) for n in networks)
    order = sorted(keys, key=lambda key: (key[0], (DRAWN, RETRAINED).index(key[1])))
    return [Arm(arm, at, row, tuple(_members(networks, arm, at, row))) for at, row, arm in order]


def reference_of(arm: Arm, arms: Sequence[Arm], name: str) -> Arm | None:
    """The arm of that name at the same sparsity and row."""
    found = (one for one in arms if (one.name, one.sparsity, one.row) == (name, arm.sparsity, arm.row))
    return next(found, None)


def arm_rows(networks: Sequence[Network], reference: str) -> list[dict[str, Any]]:
    """The table of arms, differences against the arm of that name on the same seeds."""
    arms = arms_of(networks)
    return [arm.columns(reference_of(arm, arms, reference)) for arm in arms]


def network_rows(networks: Sequence[Network]) -> list[dict[str, Any]]:
    """The table of networks."""
    return [
        {
            "arm": n.arm,
            "sparsity": n.sparsity,
            "seed": n.seed,
            "row": n.measured.row,
            "metric": n.metric,
            "test": _number(n.value),
            "validation": _number(n.measured.validation[n.metric]),
            "masked": n.measured.sparsity,
            "steps": n.measured.steps,
            **{name: getattr(n.measured, name) for name in _COSTS},
        }
        for n in networks
    ]


def _members(networks: Sequence[Network], arm: str, sparsity: float, row: str) -> Iterator[Network]:
    wanted = (arm, sparsity, row)
    return (n for n in networks if (n.arm, n.sparsity, n.measured.row) == wanted)


def _number(value: float) -> float | None:
    """None for what is no number."""
    return value if math.isfinite(value) else None
