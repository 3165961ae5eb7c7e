"""Every accelerator, with the settings its authors give."""

from __future__ import annotations

from winnow.grokking.accelerators.accelerator import Accelerator
from winnow.grokking.accelerators.egalitarian import ColumnEgalitarian, Egalitarian
from winnow.grokking.accelerators.grokfast import ExponentialAverage, MovingAverage
from winnow.grokking.accelerators.muon import Muon
from winnow.grokking.accelerators.orthogonal import Orthogonal
from winnow.grokking.accelerators.stablemax import StableMax

_PAPER = (0.9, 0.98)
# torch's own, which the code of the stability paper runs its orthogonal gradients and StableMax with.
_DEFAULT = (0.9, 0.999)

_ALL = (
    Accelerator(
        name="none",
        about="the recipe as it is",
        source="Minegishi et al. 2023, section 3",
    ),
    Accelerator(
        name="adamw",
        about="AdamW with strong weight decay: the baseline",
        source="Power et al. 2022; Minegishi et al. 2023, section 3",
        rule="adamw",
        learning_rate=1e-3,
        weight_decay=1.0,
        betas=_PAPER,
    ),
    Accelerator(
        name="adam-l2",
        about="Adam with an L2 penalty: what Grokfast's code adds its filter to",
        source="Lee et al. 2024 (2405.20233); authors' code without its filter",
        rule="adam",
        learning_rate=1e-3,
        weight_decay=0.005,
        betas=_PAPER,
    ),
    Accelerator(
        name="grokfast-ma",
        about="adds the mean of the last gradients",
        source="Lee et al. 2024 (2405.20233); authors' code for modular multiplication",
        hook=MovingAverage(window=100, amplification=5.0),
        rule="adam",
        learning_rate=1e-3,
        weight_decay=0.01,
        betas=_PAPER,
    ),
    Accelerator(
        name="grokfast-ema",
        about="adds an exponential average of gradients",
        source="Lee et al. 2024 (2405.20233); authors' code for modular multiplication",
        hook=ExponentialAverage(momentum=0.98, amplification=2.0),
        rule="adam",
        learning_rate=1e-3,
        weight_decay=0.005,
        betas=_PAPER,
    ),
    Accelerator(
        name="muon",
        about="orthogonalised momentum inside, AdamW outside",
        source="Jordan et al. 2024; Tveit et al. 2025 (2504.16041)",
        rule=Muon(),
        learning_rate=0.02,
        weight_decay=1.0,
        betas=_PAPER,
    ),
    Accelerator(
        name="orthogonal",
        about="no gradient along the weights",
        source="Prieto et al. 2025 (2501.04697); authors' code",
        hook=Orthogonal(),
        rule="adamw",
        learning_rate=1e-3,
        weight_decay=0.0,
        betas=_DEFAULT,
    ),
    Accelerator(
        name="stablemax",
        about="cross-entropy without exponentials",
        source="Prieto et al. 2025 (2501.04697); authors' code",
        loss=StableMax(),
        rule="adamw",
        learning_rate=1e-2,
        weight_decay=0.0,
        betas=_DEFAULT,
    ),
    Accelerator(
        name="egd",
        about="every singular direction at one speed",
        source="Saheb Pasand and Dohmatob 2025 (2510.04930); authors' code",
        hook=Egalitarian(),
        rule="sgd",
        learning_rate=0.1,
        weight_decay=0.0,
    ),
    Accelerator(
        name="egd-column",
        about="every column of a gradient at length 1",
        source="Saheb Pasand and Dohmatob 2025 (2510.04930); authors' code",
        hook=ColumnEgalitarian(),
        rule="sgd",
        learning_rate=0.1,
        weight_decay=0.0,
    ),
)
ACCELERATORS: dict[str, Accelerator] = {accelerator.name: accelerator for accelerator in _ALL}
