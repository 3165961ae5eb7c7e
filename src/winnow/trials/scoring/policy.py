"""How answers become verdicts: thresholds, what an unknown counts as, weights of the tiers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from winnow.core import WinnowError

TIERS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Policy:
    """The settings of scoring.

    Attributes:
        met_above, not_met_below: a criterion is met when P > 0.66 and not met when P < 0.34; in between it is N/A
            (PRISM, arXiv 2404.15549).
        prior: probability of "yes" that an unanswered question counts as. The paper's value is not public; 0.5 is ours.
        closed_world: for exclusion criteria only, a fact that no note mentions counts as probably absent, since charts
            seldom list what a patient does not have. Such a verdict is marked `assumed`, and counted apart.
        absent_prior: the probability of "yes" of an assumed-absent fact; ours.
        weights: of tiers 1 to 4 in the weighted score. The paper's weights are not public; these are ours.
        soft: use the engines' probabilities of answered questions instead of 1 and 0.
    """

    met_above: float = 0.66
    not_met_below: float = 0.34
    prior: float = 0.5
    closed_world: bool = True
    absent_prior: float = 0.1
    weights: tuple[float, float, float, float] = (4.0, 3.0, 2.0, 1.0)
    soft: bool = False

    def __post_init__(self) -> None:
        for name in ("met_above", "not_met_below", "prior", "absent_prior"):
            if not 0 <= getattr(self, name) <= 1:
                raise WinnowError("WN-C01", f"{name} is a probability", where=name, fix="Give a number from 0 to 1.")
        if self.not_met_below > self.met_above:
            raise WinnowError("WN-C01", "not_met_below lies above met_above", where="not_met_below")
        if len(self.weights) != len(TIERS) or not all(math.isfinite(w) and w >= 0 for w in self.weights):
            raise WinnowError("WN-C01", "four weights of zero or more are needed", where="weights")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Policy:
        """From a JSON object; names that are not known are refused.

        Raises:
            WinnowError: WN-C01 for a name or value that does not fit.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise WinnowError(
                "WN-C01", f"no such setting: {', '.join(unknown)}", fix=f"Known: {', '.join(sorted(known))}."
            )
        given = dict(values)
        if "weights" in given:
            given["weights"] = tuple(given["weights"])
        return cls(**given)
