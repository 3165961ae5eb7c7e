"""Trials for a patient and patients for a trial, best first. Nothing is ever left out: a conflict only ranks lower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from winnow.trials.scoring.policy import Policy
from winnow.trials.scoring.scores import SCORES, TierCount, score_named, tier_counts
from winnow.trials.scoring.verdict import NOT_MET, Verdict

CONFLICT, OPEN, CLEAR = "conflict found", "questions open", "no conflict found"


@dataclass(frozen=True)
class Standing:
    """One patient and one trial.

    Attributes:
        patient_id, trial_id: which.
        verdicts: one a criterion, in the trial's order.
        scores: by name, 0 to 1.
        tiers: the counts that the tier bars show.
        summary: "conflict found", "questions open" or "no conflict found": a worklist's words, never "ineligible".
    """

    patient_id: str
    trial_id: str
    verdicts: tuple[Verdict, ...]
    scores: Mapping[str, float]
    tiers: tuple[TierCount, ...]
    summary: str

    @property
    def conflicts(self) -> int:
        """Criteria that are not met."""
        return sum(tier.not_met for tier in self.tiers)

    @property
    def open(self) -> int:
        """Criteria that nothing decides yet."""
        return sum(tier.open for tier in self.tiers)


def standing(patient_id: str, trial_id: str, verdicts: Sequence[Verdict], policy: Policy) -> Standing:
    """Scores and counts of a patient and a trial."""
    tiers = tier_counts(verdicts)
    scores = {name: score(verdicts, policy) for name, score in SCORES.items()}
    return Standing(patient_id, trial_id, tuple(verdicts), scores, tiers, _summary(verdicts, tiers))


def ranked(standings: Sequence[Standing], by: str = "weighted") -> list[Standing]:
    """Best first: by score, then fewer conflicts, fewer open criteria, and ids, so that ties are the same everywhere.

    It ranks trials for a patient and patients for a trial alike.

    Raises:
        WinnowError: WN-C01 for an unknown score.
    """
    score_named(by)
    return sorted(standings, key=lambda s: (-s.scores[by], s.conflicts, s.open, s.trial_id, s.patient_id))


def _summary(verdicts: Sequence[Verdict], tiers: Sequence[TierCount]) -> str:
    if any(verdict.outcome == NOT_MET for verdict in verdicts):
        return CONFLICT
    return OPEN if any(tier.open for tier in tiers) or not any(tier.total for tier in tiers) else CLEAR
