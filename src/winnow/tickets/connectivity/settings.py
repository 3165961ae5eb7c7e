"""`ConnectSettings`: what a measurement of stability looks at, and how. No torch here: `--help` reads it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from winnow.core import Step, WinnowError, canonical_json
from winnow.tickets.recipe import RANDOM, TICKET

DENSE = "dense"
MASKS = (TICKET, RANDOM)
BATCHNORMS = ("recompute", "interpolate")
SPLITS = ("test", "validation", "train")
STABLE_BELOW = 2.0  # percentage points of error (Frankle et al. 2020)
_FORMAT = "winnow-connect-1"
_PART = 12


@dataclass(frozen=True, kw_only=True)
class ConnectSettings:
    """How linear mode connectivity is measured (Frankle et al. 2020, arXiv 1912.05671, section 2).

    Args:
        levels: levels of the run; empty: the dense network and the last finished level, or, where several runs are
            measured together, each run's last level.
        at: the steps k at which the children part, such as "0it" or "2ep"; empty: the rewind step and a few fractions
            of training, or, where several runs are measured together, each run's own rewind step.
        masks: "ticket", and "random" for the same counts per layer at random places; level 0 is the dense network.
        children: networks trained from every start under their own data order; every pair of them is a path.
        replicates: how many of the run's replicates; 0: all of them.
        points: networks along a path, the two ends included; the paper has 30.
        split: whose error the barrier is of: "test" as in the paper, "validation" or "train". Test and validation are
            recorded always.
        batchnorm: "recompute" the running statistics of every network on a path, or "interpolate" them
            (`winnow.tickets.connectivity.paths`).

    Raises:
        WinnowError: WN-C01 for a value that cannot work.
    """

    levels: tuple[int, ...] = ()
    at: tuple[Step, ...] = ()
    masks: tuple[str, ...] = (TICKET,)
    children: int = 2
    replicates: int = 0
    points: int = 30
    split: str = "test"
    batchnorm: str = "recompute"

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(dict.fromkeys(self.levels)))
        object.__setattr__(self, "at", tuple(dict.fromkeys(Step.parse(step) for step in self.at)))
        object.__setattr__(self, "masks", tuple(dict.fromkeys(self.masks)))
        _one_of("masks", self.masks or ("",), MASKS)
        _one_of("split", (self.split,), SPLITS)
        _one_of("batchnorm", (self.batchnorm,), BATCHNORMS)
        _at_least("children", self.children, 2, "a path needs two ends")
        _at_least("points", self.points, 3, "a path needs a point between its ends")
        _at_least("replicates", self.replicates, 0, "it must not be negative")

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits on which every path is measured; the images of train only where they are asked for."""
        return SPLITS if self.split == "train" else SPLITS[:2]

    def part_id(self, batchnorm: str) -> str:
        """Names what decides a measured path besides run, level, mask, step and replicate.

        Args:
            batchnorm: what was done, which is "none" for a network without such layers.
        """
        facts = [_FORMAT, self.children, self.points, batchnorm, list(self.splits)]
        return hashlib.sha256(canonical_json(facts).encode()).hexdigest()[:_PART]


def _one_of(name: str, values: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    for value in values:
        if value not in allowed:
            raise WinnowError("WN-C01", f"{value!r} is not one of {', '.join(allowed)}", where=f"--{name}")


def _at_least(name: str, value: int, least: int, why: str) -> None:
    if value < least:
        raise WinnowError("WN-C01", f"{value} is too few: {why}", where=f"--{name}", fix=f"Give {least} or more.")
