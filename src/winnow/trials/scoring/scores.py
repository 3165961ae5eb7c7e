"""PRISM's three scores of a patient and a trial (npj Digit Med 7:305, figure 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from winnow.core import chosen
from winnow.trials.scoring.policy import TIERS, Policy
from winnow.trials.scoring.verdict import MET, NOT_MET, Verdict


@dataclass(frozen=True)
class TierCount:
    """The criteria of one tier: how many count, how many are met (of those `assumed`), not met, open."""

    tier: int
    total: int
    met: int
    assumed: int
    not_met: int

    @property
    def open(self) -> int:
        """Neither met nor not met."""
        return self.total - self.met - self.not_met


def tier_counts(verdicts: Sequence[Verdict]) -> tuple[TierCount, ...]:
    """One count a tier, 1 to 4; a tier without criteria has a total of 0."""
    return tuple(_count(tier, [v for v in verdicts if v.tier == tier and v.counts]) for tier in TIERS)


def counting(verdicts: Sequence[Verdict], policy: Policy) -> float:
    """Simple counting: criteria met / total; 0 when there are none. The policy plays no part."""
    del policy
    tiers = tier_counts(verdicts)
    return _share(sum(tier.met for tier in tiers), sum(tier.total for tier in tiers))


def iterative(verdicts: Sequence[Verdict], policy: Policy) -> float:
    """Iterative tier: tiers in order, stopping at the first with a violation; met in the tiers before / total.

    The order of criteria within a tier carries no rank, so a tier with a violation gives nothing: a violation in tier 1
    scores 0. The paper shows the walk only as a figure; this reading is ours.
    """
    del policy
    tiers = tier_counts(verdicts)
    met = 0
    for tier in tiers:
        if tier.not_met:
            break
        met += tier.met
    return _share(met, sum(tier.total for tier in tiers))


def weighted(verdicts: Sequence[Verdict], policy: Policy) -> float:
    """Weighted tier: the share met of each tier, weighed; a tier without criteria gives its weight to the others."""
    tiers = [(policy.weights[tier.tier - 1], tier) for tier in tier_counts(verdicts) if tier.total]
    return _share(sum(w * tier.met / tier.total for w, tier in tiers), sum(w for w, _ in tiers))


SCORES: dict[str, Callable[[Sequence[Verdict], Policy], float]] = {
    "counting": counting,
    "iterative": iterative,
    "weighted": weighted,
}


def score_named(name: str) -> Callable[[Sequence[Verdict], Policy], float]:
    """The score of this name.

    Raises:
        WinnowError: WN-C01 for an unknown one.
    """
    return chosen(SCORES, name, "score", "WN-C01")


def _count(tier: int, verdicts: Sequence[Verdict]) -> TierCount:
    met = [v for v in verdicts if v.outcome == MET]
    not_met = sum(v.outcome == NOT_MET for v in verdicts)
    return TierCount(tier, len(verdicts), len(met), sum(v.assumed for v in met), not_met)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
