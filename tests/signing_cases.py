"""A small claim to sign, stamp and break."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np

from winnow.signing.claims.claim_folder import seal_claim
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.keys import Identity, Secret
from winnow.signing.claims.pending import begin_claim
from winnow.signing.code.layout import Layout, plan_layout
from winnow.signing.stamps.authority import TestAuthority
from winnow.signing.stamps.stamps import Stamper

SHAPES = {"first.weight": (64, 32), "second.weight": (48, 64)}
AXES = [
    {
        "size": 64,
        "signs": False,
        "uses": [
            {"tensor": "first.weight", "axis": 0, "repeat": 1},
            {"tensor": "second.weight", "axis": 1, "repeat": 1},
        ],
    }
]
DAY = datetime.timedelta(days=1)


def masks() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(7)
    return {name: generator.random(shape) < 0.5 for name, shape in SHAPES.items()}


def layout() -> Layout:
    kept = {name: int(mask.sum()) for name, mask in masks().items()}
    return plan_layout(SHAPES, kept, code="bch-127-64", expected=2.0)


def sealed(
    folder: Path,
    identity: Identity,
    held: tuple[Secret, ...],
    stamper: Stamper | None = None,
    last: Stamper | None = None,
) -> Claim:
    """Begin and seal; `last` stamps the whole claim, `stamper` by default."""
    begin_claim(folder, identity, held, model_id="demo", layout=layout(), tau=1e-3, stamper=stamper)
    weights = {"first.weight": np.linspace(-1, 1, 64 * 32, dtype=np.float32).reshape(64, 32)}
    return seal_claim(folder, identity, masks(), weights=weights, axes=AXES, stamper=last or stamper)


def at(authority: TestAuthority, moment: datetime.datetime) -> Stamper:
    """A stamper whose clock stands still."""
    return lambda request: authority.stamp(request, moment)
