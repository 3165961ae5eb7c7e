"""Settings to tune each accelerator over, baselines alike: whoever compares picks each one's best on other seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from winnow.core import chosen
from winnow.grokking.accelerators.accelerator import Accelerator
from winnow.grokking.accelerators.egalitarian import ColumnEgalitarian, Egalitarian
from winnow.grokking.accelerators.grokfast import ExponentialAverage, MovingAverage
from winnow.grokking.accelerators.methods import ACCELERATORS
from winnow.grokking.accelerators.muon import Muon


def _rates(learning: float, decay: float, **others: Any) -> dict[str, Any]:
    return {"learning_rate": learning, "weight_decay": decay, **others}


# Beside the authors' settings, the first point of every grid. Narrowed by short trials on add-67 (fraction 0.5, starts
# and splits of their own, at most 2,000 steps): what did not fit the training rows there was left out.
_OTHERS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "adamw": (
        _rates(1e-3, 3.0),
        _rates(3e-3, 1.0),
        _rates(3e-3, 3.0),
        _rates(1e-2, 0.3),
        _rates(1e-2, 1.0),
        _rates(1e-2, 3.0),
        _rates(3e-2, 1.0),
    ),
    "adam-l2": (
        _rates(1e-3, 0.002),
        _rates(3e-3, 0.001),
        _rates(3e-3, 0.002),
        _rates(3e-3, 0.005),
        _rates(1e-2, 0.001),
        _rates(1e-2, 0.002),
    ),
    # Adam with the penalty of the authors' code, and the baseline's AdamW.
    "grokfast-ma": (
        _rates(3e-3, 0.002),
        _rates(3e-3, 0.005),
        _rates(1e-2, 0.001),
        _rates(1e-3, 0.005, hook=MovingAverage(window=100, amplification=2.0)),
        _rates(3e-3, 0.005, hook=MovingAverage(window=20, amplification=2.0)),
        _rates(3e-3, 1.0, rule="adamw"),
    ),
    "grokfast-ema": (
        _rates(3e-3, 0.002),
        _rates(3e-3, 0.005),
        _rates(1e-2, 0.001),
        _rates(1e-3, 0.005, hook=ExponentialAverage(momentum=0.9, amplification=2.0)),
        _rates(3e-3, 0.005, hook=ExponentialAverage(momentum=0.9, amplification=0.5)),
        _rates(3e-3, 1.0, rule="adamw"),
    ),
    # The learning rate is Muon's; AdamW's is 1e-3, 3e-3 or 4e-3 beside it.
    "muon": (
        _rates(0.02, 0.5, rule=Muon(adam_share=0.15)),
        _rates(0.02, 1.0, rule=Muon(adam_share=0.15)),
        _rates(0.02, 1.5, rule=Muon(adam_share=0.15)),
        _rates(0.005, 1.0, rule=Muon(adam_share=0.6)),
        _rates(0.05, 0.3, rule=Muon(adam_share=0.06)),
        _rates(0.05, 1.0, rule=Muon(adam_share=0.06)),
    ),
    "orthogonal": (
        _rates(3e-4, 0.0),
        _rates(5e-4, 0.0),
        _rates(2e-3, 0.0),
        _rates(5e-3, 0.0),
        _rates(1e-2, 0.0),
        _rates(1e-3, 0.3),
    ),
    "stablemax": (
        _rates(1e-3, 1.0),
        _rates(1e-3, 3.0),
        _rates(3e-3, 1.0),
        _rates(1e-2, 0.3),
        _rates(1e-2, 1.0),
        _rates(3e-3, 0.001, rule="adam"),
    ),
    "egd": (
        _rates(0.03, 0.0, hook=Egalitarian(penalty=1e-3)),
        _rates(0.01, 0.0, hook=Egalitarian(penalty=1e-3)),
        _rates(0.003, 0.0, hook=Egalitarian(penalty=1e-3)),
        _rates(0.3, 0.0, hook=Egalitarian(inside=True)),
        _rates(0.1, 0.0, hook=Egalitarian(inside=True, penalty=1e-3)),
        _rates(0.3, 0.0, hook=Egalitarian(inside=True, penalty=1e-3)),
    ),
    "egd-column": (
        _rates(0.03, 0.0),
        _rates(0.03, 0.0, hook=ColumnEgalitarian(penalty=1e-3)),
        _rates(0.1, 0.0, hook=ColumnEgalitarian(penalty=1e-3)),
        _rates(0.1, 0.0, hook=ColumnEgalitarian(inside=True, penalty=1e-3)),
        _rates(3e-3, 1.0, rule="adamw", hook=ColumnEgalitarian(penalty=0.0)),
    ),
}


def _grid(name: str) -> tuple[Accelerator, ...]:
    settings = ({}, *_OTHERS[name])
    return tuple(replace(ACCELERATORS[name], name=f"{name}.{place}", **own) for place, own in enumerate(settings, 1))


GRIDS: dict[str, tuple[Accelerator, ...]] = {name: _grid(name) for name in _OTHERS}
_NAMED = ACCELERATORS | {variant.name: variant for grid in GRIDS.values() for variant in grid}


def accelerator_named(name: str) -> Accelerator:
    """An accelerator, such as "muon", or one point of its grid, such as "muon.2".

    Raises:
        WinnowError: WN-T03 for an unknown name.
    """
    if name in _NAMED:
        return _NAMED[name]
    return chosen(ACCELERATORS, name, "accelerator", "WN-T03")
